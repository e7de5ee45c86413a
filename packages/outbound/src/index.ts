export { type OutboundPolicy, refuseUrl } from "./address-guard.ts";
export { createGuardedFetch, type GuardedFetchOptions, type Lookup } from "./guarded-fetch.ts";
