import { describe, expect, test } from "vitest";
import { type OutboundPolicy, refuseAddress, refuseUrl } from "./address-guard.ts";

const OPEN: OutboundPolicy = { allowLoopback: true, allowPrivate: true, sendsSecret: false, option: "--open" };
const STRICT: OutboundPolicy = { ...OPEN, allowLoopback: false, allowPrivate: false };

describe("refuseAddress", () => {
  test.each([
    ["0.0.0.0", "this network"],
    ["169.254.169.254", "metadata of most clouds"],
    ["100.100.100.200", "metadata of Alibaba"],
    ["100.96.0.96", "metadata of Volcano Engine"],
    ["168.63.129.16", "WireServer of Azure"],
    ["192.0.0.192", "metadata of Oracle's older cloud"],
    ["192.0.0.1", "IETF assignments"],
    ["224.0.0.1", "multicast"],
    ["255.255.255.255", "broadcast"],
    ["::", "unspecified"],
    ["fe80::1", "link-local"],
    ["fec0::1", "site-local"],
    ["ff02::1", "multicast"],
    ["fd00:ec2::254", "metadata of AWS"],
    ["fd00:ec2::253", "resolver of AWS"],
    ["fd00:ec2:ffff::1", "services of AWS"],
    ["fd20:ce::254", "metadata of Google Cloud"],
    ["fd00:c1::a9fe:a9fe", "metadata of Oracle"],
    ["fd00:100::100:200", "metadata of Alibaba"],
    ["fd00:a9fe:a9fe::1", "metadata of Akamai"],
    ["fd00:42::42", "metadata of Scaleway"],
    ["fe80::a9fe:a9fe", "metadata of OpenStack"],
    ["64:ff9b:1::7f00:1", "local-use NAT64"],
    ["64:ff9b:1:ffff::1", "local-use NAT64"],
    ["::ffff:0:7f00:1", "SIIT"],
    ["::ffff:0:808:808", "SIIT"],
    ["2001::1", "Teredo"],
    ["2001:0:a9fe:a9fe::", "Teredo"],
    ["::ffff:168.63.129.16", "IPv4-mapped"],
    ["::168.63.129.16", "IPv4-compatible"],
    ["64:ff9b::a83f:8110", "NAT64"],
    ["2002:a83f:8110::", "6to4"],
  ])("never lets %s pass: %s", (address) => {
    expect(refuseAddress(address, "https:", OPEN)).toContain("never called");
  });

  test.each(["127.0.0.1", "127.255.255.255", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"])(
    "lets %s pass where this machine may be called",
    (address) => {
      expect(refuseAddress(address, "https:", STRICT)).toContain("this machine");
      expect(refuseAddress(address, "https:", OPEN)).toBeUndefined();
    },
  );

  test.each([
    "10.0.0.1",
    "172.31.255.255",
    "192.168.0.1",
    "100.64.0.1",
    "198.18.0.1",
    "fc00::1",
    "fd20:ce::1",
    "fd00:ec3::1",
    "fd00:42::43",
    "::ffff:10.0.0.1",
  ])("lets %s pass where private networks may be called", (address) => {
    expect(refuseAddress(address, "https:", STRICT)).toContain("private network");
    expect(refuseAddress(address, "https:", OPEN)).toBeUndefined();
  });

  test.each([
    "8.8.8.8",
    "168.63.129.15",
    "172.32.0.1",
    "100.128.0.1",
    "2001:4860:4860::8888",
    "2606:4700::1111",
    "64:ff9b::808:808",
    "::ffff:8.8.8.8",
  ])("lets %s pass, with a secret over https only", (address) => {
    expect(refuseAddress(address, "http:", STRICT)).toBeUndefined();
    expect(refuseAddress(address, "https:", { ...STRICT, sendsSecret: true })).toBeUndefined();
    expect(refuseAddress(address, "http:", { ...STRICT, sendsSecret: true })).toContain("https");
  });
});

test("refuseUrl judges addresses however they are written, and leaves names to be judged when they are called", () => {
  for (const host of ["2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "[::ffff:a9fe:a9fe]"])
    expect(refuseUrl(new URL(`http://${host}/`), OPEN)).toContain("never called");
  expect(refuseUrl(new URL("http://metadata.example/"), STRICT)).toBeUndefined();
});
