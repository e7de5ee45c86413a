import type { MemoryPoolSpec } from "@agentcore/contract";
import { expect, test } from "vitest";
import { judgeAccess } from "./judge-access.ts";
import { agentPool, callerPool, poolOf } from "./pool.ts";

const clerk = { agent: "clerk", labels: { team: "loans" }, caller: "ann" };
const ann = { caller: "ann" };
const open: MemoryPoolSpec = { read: [{ agent: "*" }, { caller: "*" }], write: [{ agent: "*" }] };

test("an agent's own pools are its own, whatever a manifest says", () => {
  for (const right of ["read", "write"] as const) {
    expect(judgeAccess(agentPool("clerk"), null, clerk, right).allowed).toBe(true);
    expect(judgeAccess(callerPool("clerk", "ann"), null, clerk, right).allowed).toBe(true);
    expect(judgeAccess(agentPool("other"), open, clerk, right).allowed).toBe(false);
    expect(judgeAccess(callerPool("other", "ann"), open, clerk, right).allowed).toBe(false);
    expect(judgeAccess(callerPool("clerk", "bob"), open, clerk, right)).toEqual({
      allowed: false,
      reasons: ["caller:clerk/bob is of another caller than ann"],
    });
    expect(judgeAccess(agentPool("clerk"), open, ann, right).allowed).toBe(false);
  }
});

test("a caller may see what an agent knows of them, and change it no more than others", () => {
  expect(judgeAccess(callerPool("clerk", "ann"), null, ann, "read").allowed).toBe(true);
  expect(judgeAccess(callerPool("clerk", "ann"), null, ann, "write").allowed).toBe(false);
  expect(judgeAccess(callerPool("clerk", "ann"), null, { caller: "bob" }, "read").allowed).toBe(false);
});

test.each<[string, MemoryPoolSpec | null, boolean]>([
  ["nobody, where nothing is said", {}, false],
  ["nobody, where nothing is declared", null, false],
  ["by name", { read: [{ agent: "clerk" }] }, true],
  ["another's name", { read: [{ agent: "other" }] }, false],
  ["by labels, all of them", { read: [{ labels: { team: "loans" } }] }, true],
  ["a label of another value", { read: [{ labels: { team: "loans", level: "2" } }] }, false],
  ["every agent", { read: [{ agent: "*" }] }, true],
  ["by name, for tasks of one caller", { read: [{ agent: "clerk", caller: "ann" }] }, true],
  ["by name, for tasks of another", { read: [{ agent: "clerk", caller: "bob" }] }, false],
  ["a caller by themselves", { read: [{ caller: "ann" }] }, false],
  ["the second of two", { read: [{ agent: "other" }, { labels: { team: "loans" } }] }, true],
  ["who may write, but not read", { write: [{ agent: "clerk" }] }, false],
])("an agent reads a shared pool: %s", (_, spec, allowed) => {
  const decision = judgeAccess(poolOf("team"), spec, clerk, "read");
  expect(decision.allowed).toBe(allowed);
  if (!allowed)
    expect(decision.reasons).toEqual(["MemoryPool team gives agent clerk no right to read; name it in spec.read"]);
});

test("people and programs at a door have the rights that name them and no agent", () => {
  const allowed = (spec: MemoryPoolSpec) => judgeAccess(poolOf("team"), spec, ann, "read").allowed;
  expect(allowed({ read: [{ caller: "ann" }] })).toBe(true);
  expect(allowed({ read: [{ caller: "*" }] })).toBe(true);
  expect(allowed({ read: [{ agent: "*" }] })).toBe(false);
  expect(allowed({ read: [{ agent: "clerk", caller: "ann" }] })).toBe(false);
});

test.each(["agent:", "agent:Clerk", "agent:a/b", "caller:clerk", "caller:/x", "Team", "a/b", ""])(
  "%j is no pool",
  (name) => expect(() => poolOf(name)).toThrow("expected agent:NAME"),
);

test("a caller's name may have any characters", () => {
  expect(poolOf("caller:clerk/ann/of:acme")).toEqual(callerPool("clerk", "ann/of:acme"));
});
