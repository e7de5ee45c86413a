/** Where a tool may go: to origins that whoever set it up has named, and to public ones that a model chose. */
import { PlatformError } from "@agentcore/contract/errors";
import type { GuardedLookupOptions, Lookup } from "./guarded-lookup.ts";
import { httpUrlOf } from "./http-url-of.ts";

export interface NamedOrigin {
  /** Of an http, https, ws or wss address: of one host and port both are the same. */
  readonly origin: string;
  /** A key goes there. */
  readonly sendsSecret: boolean;
}

export interface NamedOriginsOptions {
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

/** What is made once for each way to judge an address. */
export interface ByPolicy<Way> {
  /** Throws INVALID_ARGUMENT for what is no address. */
  of(address: string): { readonly url: URL; readonly way: Way };
  readonly all: readonly Way[];
}

/** `make` is called three times: for named origins with a secret, for those without, and for all others. */
export const byNamedOrigin = <Way>(
  { named, allowPrivate, option, lookup }: NamedOriginsOptions,
  make: (policy: GuardedLookupOptions) => Way,
): ByPolicy<Way> => {
  const secret = new Map<string, boolean>();
  for (const each of named) {
    const origin = httpOrigin(new URL(each.origin));
    secret.set(origin, each.sendsSecret || secret.get(origin) === true);
  }
  const made = (policy: GuardedLookupOptions): Way => make({ ...policy, ...(lookup === undefined ? {} : { lookup }) });
  const open = { allowLoopback: true, allowPrivate, option };
  const withSecret = made({ ...open, sendsSecret: true });
  const withoutSecret = made({ ...open, sendsSecret: false });
  const others = made({ allowLoopback: false, allowPrivate: false, sendsSecret: false, option: NAMED });
  return {
    of(address) {
      const url = URL.parse(address);
      if (url === null)
        throw new PlatformError("INVALID_ARGUMENT", "expected an http:// or https:// address, or one of a WebSocket");
      const sendsSecret = secret.get(httpOrigin(url));
      if (sendsSecret === undefined) return { url, way: others };
      return { url, way: sendsSecret ? withSecret : withoutSecret };
    },
    all: [withSecret, withoutSecret, others],
  };
};

const httpOrigin = (url: URL): string => httpUrlOf(url).origin;
