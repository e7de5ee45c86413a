/** Looks names up as the policy wants them: what an address is connected to is what was judged. */
import { type LookupAddress, lookup as systemLookup } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { PlatformError } from "@agentcore/contract/errors";
import { type OutboundPolicy, refuseAddress } from "./address-guard.ts";

export type Lookup = (
  hostname: string,
  options: { readonly all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

export interface GuardedLookupOptions extends OutboundPolicy {
  /** @default the system's resolver */
  readonly lookup?: Lookup | undefined;
}

/** All addresses of a host, judged. */
export type GuardedLookup = (hostname: string, protocol: string) => Promise<readonly LookupAddress[]>;

/** Rejects with CONFIG_INVALID when one of the addresses is forbidden by the policy, else with what the resolver says. */
export const createGuardedLookup =
  (options: GuardedLookupOptions): GuardedLookup =>
  async (hostname, protocol) => {
    const host = hostname.replace(/^\[|\]$/g, "");
    const family = isIP(host);
    const addresses = family === 0 ? await lookUp(options.lookup ?? systemLookup, host) : [{ address: host, family }];
    const refused = refuseAddresses(host, addresses, protocol, options);
    if (refused !== undefined) throw refused;
    return addresses;
  };

/** As connections look names up, by the protocol that is spoken over them: fails with CONFIG_INVALID as above. */
export const createConnectionLookup =
  (options: GuardedLookupOptions) =>
  (protocol: string): LookupFunction =>
  (hostname, { all }, callback) => {
    (options.lookup ?? systemLookup)(hostname, { all: true }, (error, addresses) => {
      if (error !== null) return callback(error, "");
      const refused = refuseAddresses(hostname, addresses, protocol, options);
      if (refused !== undefined) return callback(refused, "");
      const [first] = addresses;
      if (all === true || first === undefined) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };

/** Why a host may not be called that has these addresses. */
const refuseAddresses = (
  host: string,
  addresses: readonly LookupAddress[],
  protocol: string,
  policy: OutboundPolicy,
): PlatformError | undefined => {
  for (const { address } of addresses) {
    const why = refuseAddress(address, protocol, policy);
    if (why === undefined) continue;
    return new PlatformError("CONFIG_INVALID", `${address === host ? host : `${host} leads to ${address}`}: ${why}`, {
      // Without the address: what a name is inside the network is not for who named it.
      details: { reason: `${host}: ${why}` },
    });
  }
  return undefined;
};

const lookUp = (lookup: Lookup, host: string): Promise<readonly LookupAddress[]> =>
  new Promise((resolve, reject) => {
    lookup(host, { all: true }, (error, addresses) => (error === null ? resolve(addresses) : reject(error)));
  });
