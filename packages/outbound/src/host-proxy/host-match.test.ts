import { expect, test } from "vitest";
import { createHostMatch } from "./host-match.ts";

test("a name is itself, on the ports of HTTP, and a name with a port on that one alone", () => {
  const matches = createHostMatch(["Api.example.com", "registry.example.com:4873"]);
  expect([matches("api.example.com", 443), matches("API.example.COM.", 80)]).toEqual([true, true]);
  expect([matches("registry.example.com", 4873), matches("registry.example.com", 443)]).toEqual([true, false]);
  for (const name of ["example.com", "x.api.example.com", "xapi.example.com", "api.example.com.evil.org", "api", ""])
    expect(matches(name, 443), name).toBe(false);
  expect([22, 8080, 0].map((port) => matches("api.example.com", port))).toEqual([false, false, false]);
});

test("a wildcard is all that is below a name, at any depth, and not the name", () => {
  const matches = createHostMatch(["*.example.org"]);
  expect([matches("packages.example.org", 443), matches("a.b.example.org", 443)]).toEqual([true, true]);
  for (const name of ["example.org", ".example.org", "evilexample.org", "example.org.evil.com"])
    expect(matches(name, 443), name).toBe(false);
});

test("what ends as a name does, and is none, is not below a wildcard", () => {
  const matches = createHostMatch(["*.example.org"]);
  const zones = ["::1%x.example.org", "::ffff:169.254.169.254%x.example.org", "[::1]%.example.org"];
  for (const name of [
    ...zones,
    "a\0.example.org",
    "a..example.org",
    "a@b.example.org",
    "a/.example.org",
    "\u00aa.example.org",
  ])
    expect(matches(name, 443), JSON.stringify(name)).toBe(false);
  expect(matches("_a-1.b.example.org", 443)).toBe(true);
});
