import { storedBytesAgainst } from "../postgres/bytes.ts";

export const benchmark = storedBytesAgainst({
  name: "postgres-bytes-per-step",
  peer: "dbos",
  title: "DBOS",
  floor: { of: "ratio", atMost: 1 },
});
