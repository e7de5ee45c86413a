import { claimDepth, FEW, MANY } from "../postgres/claim-depth.ts";

export const benchmark = claimDepth({
  name: "postgres-claim-depth-not-due",
  what: `milliseconds a claim of 32 due tasks on PostgreSQL with ${MANY} waiting of which ${FEW} are due, against ${FEW} waiting and due`,
  due: FEW,
});
