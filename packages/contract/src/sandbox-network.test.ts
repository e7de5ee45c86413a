import { expect, test } from "vitest";
import { SandboxNetwork } from "./sandbox-network.ts";
import { parseInput } from "./validation.ts";

const read = (network: unknown) => parseInput(SandboxNetwork, network, "network");

test.each([
  "api.anthropic.com",
  "API.Example.com",
  "registry",
  "packages.example.org:443",
  "*.example.org",
  "*.a.b.example:65535",
  "xn--bcher-kva.example",
  "3com.com",
])("%s names a host", (host) => {
  expect(read({ hosts: [host] })).toEqual({ hosts: [host] });
});

test.each([
  ...[
    "",
    "*",
    "*.com",
    "*.localhost",
    "a.*.com",
    "*a.com",
    "a.com.",
    ".a.com",
    "a..com",
    "-a.com",
    "a-.com",
    "a_b.com",
  ],
  ...["127.0.0.1", "127.1", "2130706433", "0x7f000001", "a.0x7f", "10.0.0.1:80", "[::1]", "::1", "[::1]:443"],
  ...[
    "a.com:0",
    "a.com:65536",
    "a.com:",
    "a.com:080",
    "https://a.com",
    "a.com/x",
    "user@a.com",
    "a.com b.com",
    "ä.com",
  ],
  ...[`${"a".repeat(64)}.com`, `${"a.".repeat(127)}com`],
])("%j is refused, and it is told where and what is expected", (host) => {
  expect(() => read({ hosts: ["a.com", host] })).toThrow(/hosts\[1\]: expected the name of a host/);
});

test("the words are as they were, and what is neither is told all three", () => {
  expect([read("none"), read("host")]).toEqual(["none", "host"]);
  for (const given of ["all", {}, { hosts: "a.com" }, { host: ["a.com"] }, [], null])
    expect(() => read(given), JSON.stringify(given)).toThrow("expected none, host, or hosts");
  expect(() => read({ hosts: [] })).toThrow();
  expect(() => read({ hosts: Array.from({ length: 101 }, () => "a.com") })).toThrow();
});
