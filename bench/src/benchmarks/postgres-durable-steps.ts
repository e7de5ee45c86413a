import { stepsAgainst } from "../postgres/steps-at-once.ts";

export const benchmark = stepsAgainst({
  name: "postgres-durable-steps",
  peer: "dbos",
  title: "DBOS",
});
