/** What may run at once on several nodes together: of a tenant, of an agent, of a context. Counted where the effects are. */
import type { AgentDefinition } from "@agentcore/contract/authoring";
import type { TenantPolicy } from "@agentcore/core/tasks";
import { afterEach, beforeEach, expect } from "vitest";
import { define, type EngineNode, SCOPE, startEngineNode } from "../test/engine-nodes.ts";
import { newSchema, test } from "../test/schema.ts";

// Longer than it takes to claim the next one, so that as many overlap as may.
const WORK_MS = 20;

let schema: ReturnType<typeof newSchema>;
let nodes: EngineNode[] = [];
let now = 0;
let most = 0;
let ran: unknown[] = [];

beforeEach(() => {
  schema = newSchema();
  [nodes, now, most, ran] = [[], 0, 0, []];
});
afterEach(async () => {
  for (const node of nodes) await node.close();
  await schema.drop();
});

/** Takes its time, and is counted by all nodes together. */
const effect = async (what: unknown): Promise<void> => {
  now += 1;
  most = Math.max(most, now);
  await new Promise((resolve) => setTimeout(resolve, WORK_MS));
  ran.push(what);
  now -= 1;
};

const work = (more: Partial<AgentDefinition> = {}): AgentDefinition =>
  define("work", ({ input }, ctx) => ctx.step("effect", () => effect(input)), more);

const open = async (
  name: string,
  agents: readonly AgentDefinition[],
  more: {
    readonly tenants?: ReadonlyMap<string, TenantPolicy>;
    readonly maxRunning?: ReadonlyMap<string, number>;
    readonly undeclared?: boolean;
  } = {},
): Promise<EngineNode> => {
  const node = await startEngineNode({ name, agents, concurrency: 50, schema: schema.schema, ...more });
  nodes.push(node);
  return node;
};

const submitAll = (to: readonly EngineNode[], count: number, contextId?: string): Promise<unknown> =>
  Promise.all(
    Array.from({ length: count }, (_, index) =>
      to[index % to.length]?.service.submit(SCOPE, {
        target: { agent: "work" },
        input: index,
        ...(contextId === undefined ? {} : { contextId }),
      }),
    ),
  );

const allRan = (count: number): Promise<void> => expect.poll(() => ran.length, { timeout: 30_000 }).toBe(count);

test("a tenant's limit holds on two nodes together, whoever was asked, and while it changes", async () => {
  const tenants = new Map<string, TenantPolicy>([["acme", { maxRunning: 3 }]]);
  const both = [await open("a", [work()], { tenants }), await open("b", [work()], { tenants })];
  await submitAll(both, 120);
  await expect.poll(() => ran.length, { timeout: 30_000 }).toBeGreaterThan(20);
  expect(most).toBe(3);
  // Below what runs: nothing is stopped, and when those, and what a claim under way brings, are through, no more than that run.
  tenants.set("acme", { maxRunning: 1 });
  const lowered = ran.length;
  await expect.poll(() => ran.length, { timeout: 30_000 }).toBeGreaterThan(lowered + 6);
  most = 0;
  const before = ran.length;
  await expect.poll(() => ran.length, { timeout: 30_000 }).toBeGreaterThan(before + 10);
  expect(most).toBe(1);
  tenants.set("acme", { maxRunning: 10 });
  await allRan(120);
  expect(most).toBeGreaterThan(1);
  expect(most).toBeLessThanOrEqual(10);
  expect(new Set(ran).size).toBe(120);
});

test("an agent that must not run twice at once does not, on two nodes with fifty slots each", async () => {
  const maxRunning = new Map([["acme/work", 1]]);
  const both = [await open("a", [work()], { maxRunning }), await open("b", [work()], { maxRunning })];
  await submitAll(both, 60);
  await allRan(60);
  expect(most).toBe(1);
});

test("nor does it where its manifest is not known yet, or not any more: its revision says so", async () => {
  const maxRunning = new Map([["acme/work", 1]]);
  const a = await open("a", [work()], { maxRunning });
  await open("b", [work()], { maxRunning, undeclared: true });
  await submitAll([a], 40);
  await allRan(40);
  expect(most).toBe(1);
});

test("one context at a time holds on two nodes, in the order of submission", async () => {
  const exclusive = work({ concurrency: "context" });
  const both = [await open("a", [exclusive]), await open("b", [exclusive])];
  for (let index = 0; index < 20; index++)
    await both[index % 2]?.service.submit(SCOPE, { target: { agent: "work" }, input: index, contextId: "c" });
  await allRan(20);
  expect(most).toBe(1);
  expect(ran).toEqual(Array.from({ length: 20 }, (_, index) => index));
});

test("a family of tasks of a tenant that may run one at a time comes to its end on two nodes", async () => {
  const tenants = new Map<string, TenantPolicy>([["acme", { maxRunning: 1 }]]);
  const parent = define("parent", async (_, ctx) => {
    await Promise.all([
      ...[1, 2, 3].map((input) => ctx.command({ agent: "work" }, input, { key: String(input) })),
      ctx.step("own", () => effect("own")),
    ]);
    return "done";
  });
  const both = [await open("a", [parent, work()], { tenants }), await open("b", [parent, work()], { tenants })];
  const { taskId } = (await both[0]?.service.submit(SCOPE, { target: { agent: "parent" } })) ?? { taskId: "" };
  await expect
    .poll(async () => (await both[1]?.service.head(SCOPE, taskId))?.state, { timeout: 20_000 })
    .toBe("completed");
  expect([most, ran.length]).toEqual([1, 4]);
});
