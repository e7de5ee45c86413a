/** `fetch` for a tool: to origins that whoever set it up has named, and to public ones that a model chose. */
import { PlatformError } from "@agentcore/contract/errors";
import type { OutboundPolicy } from "./address-guard.ts";
import { createGuardedFetch, type GuardedFetch } from "./guarded-fetch.ts";
import type { Lookup } from "./guarded-lookup.ts";

export interface NamedOrigin {
  /** Of an http or https address. */
  readonly origin: string;
  /** A key goes there. */
  readonly sendsSecret: boolean;
}

export interface NamedFetchOptions {
  /** They may be this machine's. */
  readonly named: readonly NamedOrigin[];
  /** Whether those that are named may be in private networks. */
  readonly allowPrivate: boolean;
  /** @see OutboundPolicy */
  readonly option: string;
  /** @default the system's resolver */
  readonly lookup?: Lookup | undefined;
}

// With what an origin that is not named would be called.
const NAMED = "its origin named";

/** Others than the named are called only where they are public. As `createGuardedFetch` for each. */
export const createNamedFetch = ({ named, allowPrivate, option, lookup }: NamedFetchOptions): GuardedFetch => {
  const secret = new Map<string, boolean>();
  for (const { origin, sendsSecret } of named) secret.set(origin, sendsSecret || secret.get(origin) === true);
  const guarded = (policy: OutboundPolicy): GuardedFetch =>
    createGuardedFetch({ ...policy, ...(lookup === undefined ? {} : { lookup }) });
  const open = { allowLoopback: true, allowPrivate, option };
  const withSecret = guarded({ ...open, sendsSecret: true });
  const withoutSecret = guarded({ ...open, sendsSecret: false });
  const others = guarded({ allowLoopback: false, allowPrivate: false, sendsSecret: false, option: NAMED });
  const fetchFor = (origin: string): GuardedFetch => {
    const sendsSecret = secret.get(origin);
    if (sendsSecret === undefined) return others;
    return sendsSecret ? withSecret : withoutSecret;
  };
  const namedFetch = async (...[input, init, call]: Parameters<GuardedFetch>): Promise<Response> => {
    const url = URL.parse(input instanceof Request ? input.url : String(input));
    if (url === null) throw new PlatformError("INVALID_ARGUMENT", "expected an http:// or https:// address");
    return fetchFor(url.origin)(input, init, call);
  };
  return Object.assign(namedFetch, {
    close() {
      for (const each of [withSecret, withoutSecret, others]) each.close();
    },
  });
};
