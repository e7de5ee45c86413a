import { ToolRule } from "@agentcore/contract";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type DeclaredPolicy, judgeTool, type ToolFacts, type ToolTerms } from "./tool-policy.ts";

const FACTS: ToolFacts = {
  ...{ agent: "clerk", labels: { team: "desk" }, tool: "send_mail", permission: undefined, permissions: "all" },
  terms: { approval: false },
  policies: [],
};
const policy = (rule: Omit<ToolRule, "match">, more: Partial<DeclaredPolicy["spec"]> = {}): DeclaredPolicy => ({
  name: "p",
  spec: { tools: [{ match: "send_*", ...rule }], ...more },
});

test("without a policy or a permission there is nothing to say", () => {
  expect(judgeTool(FACTS)).toEqual({ choice: "allow", reasons: [], terms: { approval: false } });
});

test("a scope is asked of whoever the task works for: of those of whom nobody knows it, it is denied", () => {
  const facts = { ...FACTS, permission: "mail:send" };
  expect(judgeTool(facts).choice).toBe("allow");
  expect(judgeTool({ ...facts, permissions: ["mail:send"] }).choice).toBe("allow");
  expect(judgeTool({ ...facts, permissions: ["mail:read"] })).toMatchObject({
    choice: "deny",
    reasons: ["tool send_mail asks for the scope mail:send, which whoever the task works for does not have"],
  });
  expect(judgeTool({ ...facts, permissions: undefined }).reasons[0]).toContain("nobody knows");
  const asked = [policy({ permission: "mail:send" })];
  expect(judgeTool({ ...FACTS, permissions: [], policies: asked }).reasons).toEqual([
    "policy p asks for the scope mail:send, which whoever the task works for does not have",
  ]);
});

test("a policy is about the agents and tools that it names", () => {
  const denies = (spec: Partial<DeclaredPolicy["spec"]>) =>
    judgeTool({ ...FACTS, policies: [policy({ deny: true, reason: "not by mail" }, spec)] });
  expect(denies({})).toMatchObject({ choice: "deny", reasons: ["policy p denies send_*: not by mail"] });
  expect(denies({ agents: ["clerk"] }).choice).toBe("deny");
  expect(denies({ agents: ["other"] }).choice).toBe("allow");
  expect(denies({ agents: { labels: { team: "desk" } } }).choice).toBe("deny");
  expect(denies({ agents: { labels: { team: "desk", region: "eu" } } }).choice).toBe("allow");
  expect(denies({ tools: [{ match: "read_*", deny: true }] }).choice).toBe("allow");
});

test("of approvers those stay who are in every list", () => {
  const policies = [policy({ approval: "always", approvers: ["ann", "bob"] }), policy({ approvers: ["bob", "cy"] })];
  expect(judgeTool({ ...FACTS, policies }).terms).toEqual({ approval: true, approvers: ["bob"] });
  const nobody = judgeTool({ ...FACTS, terms: { approval: true, approvers: ["dora"] }, policies });
  expect(nobody.terms.approvers).toEqual([]);
});

const names = fc.uniqueArray(fc.constantFrom("ann", "bob", "cy"), { minLength: 1, maxLength: 3 });
const terms = fc.record(
  {
    approvers: names,
    timeoutMs: fc.integer({ min: 1, max: 9 }),
    maxCalls: fc.integer({ min: 0, max: 9 }),
    maxCostUsd: fc.integer({ min: 0, max: 9 }),
  },
  { requiredKeys: [] },
);
const rule: fc.Arbitrary<ToolRule> = fc
  .tuple(
    fc.record(
      {
        match: fc.constantFrom("*", "send_*", "*mail", "send_mail", "read_*"),
        approval: fc.constant("always" as const),
        deny: fc.boolean(),
        permission: fc.constantFrom("a", "b"),
        changes: fc.constant(true as const),
      },
      { requiredKeys: ["match"] },
    ),
    terms,
  )
  .map(([one, other]) => ({ ...one, ...other }))
  .filter((each) => ToolRule.safeParse(each).success);
const facts: fc.Arbitrary<ToolFacts> = fc.record({
  agent: fc.constant("clerk"),
  labels: fc.constant({}),
  tool: fc.constantFrom("send_mail", "read_mail"),
  permission: fc.option(fc.constantFrom("a", "b"), { nil: undefined }),
  permissions: fc.oneof(fc.constant("all" as const), fc.constant(undefined), fc.subarray(["a", "b"])),
  terms: fc.tuple(terms, fc.boolean()).map(([given, approval]): ToolTerms => ({ ...given, approval })),
  policies: fc.array(
    fc.record({ name: fc.constant("p"), spec: fc.record({ tools: fc.array(rule, { minLength: 1, maxLength: 3 }) }) }),
    {
      maxLength: 3,
    },
  ),
});

const isAtMost = (one: number | undefined, other: number | undefined): boolean =>
  other === undefined || (one !== undefined && one <= other);

test("one policy more only narrows, whatever the others say, and in whatever order they stand", () => {
  fc.assert(
    fc.property(facts, rule, (before, more) => {
      const one = judgeTool(before);
      const added = { name: "q", spec: { tools: [more] } };
      const other = judgeTool({ ...before, policies: [...before.policies, added] });
      if (one.choice === "deny") expect(other.choice).toBe("deny");
      if (one.terms.approval) expect(other.terms.approval).toBe(true);
      if (one.terms.changes === true) expect(other.terms.changes).toBe(true);
      for (const limit of ["timeoutMs", "maxCalls", "maxCostUsd"] as const)
        expect(isAtMost(other.terms[limit], one.terms[limit])).toBe(true);
      if (one.terms.approvers !== undefined)
        expect(one.terms.approvers).toEqual(expect.arrayContaining([...(other.terms.approvers ?? ["somebody else"])]));
      const turned = judgeTool({ ...before, policies: [added, ...before.policies.toReversed()] });
      expect(turned.choice).toBe(other.choice);
      expect({ ...turned.terms, approvers: turned.terms.approvers?.toSorted() }).toEqual({
        ...other.terms,
        approvers: other.terms.approvers?.toSorted(),
      });
    }),
    { numRuns: 300 },
  );
});
