export { type OutboundPolicy, refuseUrl } from "./address-guard.ts";
export { createGuardedFetch, type GuardedCall, type GuardedFetch, type GuardedFetchOptions } from "./guarded-fetch.ts";
export { createGuardedLookup, type GuardedLookup, type Lookup } from "./guarded-lookup.ts";
export { createNamedFetch, type NamedFetchOptions, type NamedOrigin } from "./named-fetch.ts";
