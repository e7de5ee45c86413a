/**
 * Where a call may go whose address somebody else chose: the node makes it from inside its network. The metadata services of
 * clouds are never called, this machine and private networks only where the policy says so.
 */
import { BlockList, isIP } from "node:net";
import { httpUrlOf } from "./http-url-of.ts";

type AddressClass = "loopback" | "private" | "forbidden" | "public";

export interface OutboundPolicy {
  /** Whether this machine may be called. */
  readonly allowLoopback: boolean;
  /** Whether private networks may be called. */
  readonly allowPrivate: boolean;
  /** Whether a key goes along, which unencrypted only stays on this machine or in an allowed private network. */
  readonly sendsSecret: boolean;
  /** With what it would be allowed, for whom a refusal concerns: the option that the node was started without, "--allow-private-models". */
  readonly option: string;
  /** The same for this machine. @default `option` */
  readonly loopbackOption?: string | undefined;
}

// Sources: RFC 6890, RFC 4291, and for the metadata addresses outside 169.254.0.0/16 what the clouds, their SDKs and cloud-init say:
// Alibaba's, Volcano Engine's, and Azure's WireServer.
const FORBIDDEN_IPV4 = [
  ["0.0.0.0", 8],
  ["169.254.0.0", 16],
  ["100.100.100.200", 32],
  ["100.96.0.96", 32],
  ["168.63.129.16", 32],
  ["192.0.0.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
] as const;
const PRIVATE_IPV4 = [
  ["10.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["100.64.0.0", 10],
  ["198.18.0.0", 15],
] as const;
const LOOPBACK_IPV4 = [["127.0.0.0", 8]] as const;

type Subnet = readonly [network: string, prefix: number];

/** IPv4 ranges as they are, and as they hide in IPv6: IPv4-compatible, NAT64 (RFC 6052), 6to4. IPv4-mapped is BlockList's own. */
const blockList = (ipv4: readonly Subnet[], ipv6: readonly Subnet[]): BlockList => {
  const list = new BlockList();
  for (const [network, prefix] of ipv4) {
    list.addSubnet(network, prefix, "ipv4");
    const [a = 0, b = 0, c = 0, d = 0] = network.split(".").map(Number);
    const words = `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
    list.addSubnet(`::${words}`, 96 + prefix, "ipv6");
    list.addSubnet(`64:ff9b::${words}`, 96 + prefix, "ipv6");
    list.addSubnet(`2002:${words}::`, 16 + prefix, "ipv6");
  }
  for (const [network, prefix] of ipv6) list.addSubnet(network, prefix, "ipv6");
  return list;
};

const LOOPBACK = blockList(LOOPBACK_IPV4, [["::1", 128]]);
const FORBIDDEN = blockList(FORBIDDEN_IPV4, [
  ["::", 128],
  ["fe80::", 10],
  ["fec0::", 10],
  ["ff00::", 8],
  // Metadata and other services of the machine itself: AWS, Google Cloud, Oracle, Alibaba, Akamai (Linode), Scaleway.
  ["fd00:ec2::", 32],
  ["fd20:ce::254", 128],
  ["fd00:c1::a9fe:a9fe", 128],
  ["fd00:100::100:200", 128],
  ["fd00:a9fe:a9fe::1", 128],
  ["fd00:42::42", 128],
  // Lead on to IPv4 addresses that nothing here can tell: NAT64 for local use (RFC 8215), SIIT (RFC 2765), Teredo (RFC 4380).
  ["64:ff9b:1::", 48],
  ["::ffff:0:0:0", 96],
  ["2001::", 32],
]);
const PRIVATE = blockList(PRIVATE_IPV4, [["fc00::", 7]]);

/** `address` is an IP address without brackets. */
const classify = (address: string): AddressClass => {
  const family = isIP(address) === 6 ? "ipv6" : "ipv4";
  // First, since ::1 also lies in what IPv4-compatible 0.0.0.0/8 covers.
  if (LOOPBACK.check(address, family)) return "loopback";
  if (FORBIDDEN.check(address, family)) return "forbidden";
  return PRIVATE.check(address, family) ? "private" : "public";
};

/** Why an address that is called may not be; undefined lets it pass. */
export const refuseAddress = (address: string, protocol: string, policy: OutboundPolicy): string | undefined => {
  switch (classify(address)) {
    case "loopback":
      return policy.allowLoopback
        ? undefined
        : `it is this machine, which is called only with ${policy.loopbackOption ?? policy.option}`;
    case "forbidden":
      return "link-local, metadata, translated and unspecified addresses are never called";
    case "private":
      return policy.allowPrivate ? undefined : `it is in a private network, which is called only with ${policy.option}`;
    case "public":
      return policy.sendsSecret && protocol === "http:"
        ? "a key goes over https, or to this machine or an allowed private network"
        : undefined;
  }
};

/** As far as the URL tells; a name is judged again by what it resolves to, when it is called. */
export const refuseUrl = (url: URL, policy: OutboundPolicy): string | undefined => {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  return isIP(host) === 0 ? undefined : refuseAddress(host, httpUrlOf(url).protocol, policy);
};
