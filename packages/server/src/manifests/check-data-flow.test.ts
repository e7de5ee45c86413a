import { API_VERSION, type Manifest, PlatformError } from "@agentcore/contract";
import type { AgentDefinition } from "@agentcore/contract/authoring";
import { expect, test } from "vitest";
import { z } from "zod";
import type { PreparedAgent } from "../agents/in-process-host.ts";
import { type ApplyParts, applyManifests } from "./apply-manifests.ts";

type Schemas = Pick<AgentDefinition, "input" | "output">;
const scorer: Schemas = {
  input: z.object({ amount: z.number(), note: z.coerce.string() }),
  output: z.object({ score: z.number(), reason: z.string() }),
};
const payer: Schemas = { input: z.object({ score: z.number(), to: z.string() }) };

const agent = (name: string) => ({ apiVersion: API_VERSION, kind: "Agent", metadata: { name }, spec: { model: "m" } });
const workflow = (nodes: object, more: object = {}, name = "loan") => ({
  ...{ apiVersion: API_VERSION, kind: "Workflow", metadata: { name } },
  spec: { start: "a", nodes: { ...nodes, end: { type: "end" } }, ...more },
});
const task = (name: string, next: string, input?: unknown) => ({
  ...{ type: "task", target: { agent: name }, next },
  ...(input === undefined ? {} : { input }),
});

/** `stored`: agents that are there already; those of the list are loaded when it is no dry run. */
const placesOf = async (
  manifests: readonly object[],
  stored: Readonly<Record<string, Schemas>>,
  listed: Readonly<Record<string, Schemas>> = {},
  dryRun = false,
) => {
  const parts = {
    store: {
      get: async (_tenantId: string, _kind: string, name: string) =>
        Object.hasOwn(stored, name) ? { manifest: agent(name), revision: "old" } : null,
      addTenant: async () => undefined,
      announce: async () => async () => undefined,
      put: async () => undefined,
    },
    host: {
      prepare: async (_tenantId: string, { metadata: { name } }: Manifest) =>
        ({ revision: "new", loaded: { definition: { name, ...listed[name] } } }) as unknown as PreparedAgent,
      revisionOf: async () => "new",
      load: async ({ agent: name }: { readonly agent: string }) => {
        if (name === "broken") throw new Error("it does not load");
        return { definition: { name, ...stored[name] } };
      },
      keep: async () => undefined,
    },
    registrar: { limit: () => undefined, register: () => undefined },
    sha256: (text: string) => text,
  } as unknown as ApplyParts;
  try {
    await applyManifests(parts, "acme", manifests as readonly Manifest[], { dryRun });
    return [];
  } catch (error) {
    const { code, message, violations } = PlatformError.from(error);
    expect(code).toBe("INVALID_ARGUMENT");
    expect(message).toMatch(/^manifest 1 \(loan\) is not valid: spec\.nodes\./);
    return violations?.map(({ field, description }) => `${field}: ${description}`);
  }
};

const INPUT = { input: { type: "object", properties: { name: { type: "string" } }, required: ["name"] } };

test("what an agent does not take is refused with the member, and what it does not give with the expression", async () => {
  const nodes = {
    a: task("scorer", "b", { amount: "${input.name}", note: 3 }),
    b: task("payer", "end", { score: "${nodes.a.skore}", to: "${nodes.a.score}" }),
  };
  expect(await placesOf([workflow(nodes, INPUT)], { scorer, payer })).toEqual([
    "spec.nodes.a.input.amount: expected an integer or a number, it gives a string",
    "spec.nodes.b.input: nodes.a.skore: there is no such member; there are score, reason",
  ]);
});

test("what fits, and what nobody can be certain of, passes", async () => {
  const nodes = {
    a: task("scorer", "b", { amount: "${input.sum}", note: 3 }),
    b: task("payer", "c", { score: "${nodes.a.score}", to: "${nodes.a.reason}" }),
    c: task("unknown", "d", { any: "${nodes.b.anything}" }),
    d: task("broken", "end", { any: "${nodes.c}" }),
  };
  expect(await placesOf([workflow(nodes, INPUT)], { scorer, payer, broken: scorer })).toEqual([]);
});

test("without an input it is what the node before gave, or the workflow's input, that has to fit", async () => {
  expect(await placesOf([workflow({ a: task("scorer", "end") }, INPUT)], { scorer, payer })).toEqual([]);
  const strict = { ...INPUT, input: { ...INPUT.input, additionalProperties: false } };
  expect(
    await placesOf([workflow({ a: task("scorer", "b"), b: task("payer", "end") }, strict)], { scorer, payer }),
  ).toEqual([
    "spec.nodes.a.input.amount: expected an integer or a number, the workflow's input gives nothing; say with `input` what it gets",
    "spec.nodes.a.input.note: expected anything, the workflow's input gives nothing; say with `input` what it gets",
    "spec.nodes.b.input.to: expected a string, nodes.a gives nothing; say with `input` what it gets",
  ]);
});

test("agents and workflows of the same list count as they will be", async () => {
  const nodes = {
    a: task("scorer", "b", { amount: 3, note: 3 }),
    b: task("other", "end", { score: "${nodes.a.score}" }),
  };
  const other = workflow(
    { a: task("unknown", "end") },
    { input: { type: "object", properties: { score: { type: "string" } } } },
    "other",
  );
  const expected = ["spec.nodes.b.input.score: expected a string, it gives a number"];
  expect(await placesOf([workflow(nodes), other, agent("scorer")], {}, { scorer })).toEqual(expected);
  expect(await placesOf([workflow(nodes), other, agent("scorer")], { scorer: payer }, { scorer })).toEqual(expected);
  // It loads nobody's code, and what the agent will give is not known.
  expect(await placesOf([workflow(nodes), other, agent("scorer")], { scorer }, { scorer }, true)).toEqual([]);
  expect(await placesOf([workflow(nodes), other], { scorer }, {}, true)).toEqual(expected);
});
