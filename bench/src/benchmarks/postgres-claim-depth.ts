import { claimDepth, FEW, MANY } from "../postgres/claim-depth.ts";

export const benchmark = claimDepth({
  name: "postgres-claim-depth",
  what: `milliseconds a claim of 32 due tasks on PostgreSQL with ${MANY} due, against ${FEW}`,
  due: MANY,
});
