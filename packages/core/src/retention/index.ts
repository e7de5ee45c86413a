export { type Collected, type CollectRequest, type CollectServices, collectTenant, cutoffs } from "./collect-tenant.ts";
export { RetentionLoop, type RetentionLoopOptions } from "./retention-loop.ts";
export { TurnLease, type TurnLeaseOptions } from "./turn-lease.ts";
