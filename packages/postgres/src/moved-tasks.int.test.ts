/** Tasks that are moved to another revision where two nodes share the database. */
import type { WorkflowGraph } from "@agentcore/contract";
import type { AgentDefinition } from "@agentcore/contract/authoring";
import { runnable } from "@agentcore/core/workflows";
import { afterEach, beforeEach, expect } from "vitest";
import { define, type EngineNode, outputOf, SCOPE, startEngineNode } from "../test/engine-nodes.ts";
import { newSchema, test } from "../test/schema.ts";

const OPERATOR = { ...SCOPE, caller: "olga", operator: true };
const RULES = { rename: { score: "rate", sure: "approve" } };

let schema: ReturnType<typeof newSchema>;
let opened: EngineNode[] = [];
beforeEach(() => {
  schema = newSchema();
  opened = [];
});
afterEach(async () => {
  for (const node of opened) await node.close();
  await schema.drop();
});

const loan = (score: string, sure: string): WorkflowGraph => ({
  start: score,
  nodes: {
    [score]: { type: "custom", function: "score", next: sure },
    [sure]: { type: "approval", prompt: "Pay it?", show: `\${nodes.${score}}`, next: "pay" },
    pay: { type: "custom", function: "pay", input: `\${nodes.${score}}`, next: "end" },
    end: { type: "end" },
  },
});

interface Work {
  readonly paid: string[];
  readonly score: (input: never, step: { readonly idempotencyKey: string }) => unknown;
}
const flow = (graph: WorkflowGraph, { paid, score }: Work): AgentDefinition => {
  const { run: _, ...agent } = define("flow", async () => null);
  const functions = {
    score,
    pay: (input: never) => {
      paid.push(input);
      return { paid: input };
    },
  };
  return runnable({ ...agent, workflow: { graph, functions } });
};

const startTwo = async (work: Work): Promise<readonly [EngineNode, EngineNode]> => {
  const agents = [flow(loan("score", "sure"), work)];
  const revisions = new Map([["r2", flow(loan("rate", "approve"), work)]]);
  const start = async (name: string) => {
    const node = await startEngineNode({ schema: schema.schema, name, agents, revisions });
    opened.push(node);
    return node;
  };
  return [await start("one"), await start("two")];
};

const stateOf = async ({ store }: EngineNode, taskId: string): Promise<string | undefined> =>
  (await store.head({ tenantId: SCOPE.tenantId, taskId }))?.state;

test("a run in memory of one node moves when the other is asked, and twenty that ask at once move it once", async () => {
  let done = (): void => {};
  const scoring = new Promise<void>((resolve) => {
    done = resolve;
  });
  const work: Work = { paid: [], score: () => scoring.then(() => 7) };
  const [one, two] = await startTwo(work);
  const { taskId } = await one.service.submit(SCOPE, { target: { agent: "flow" } });
  await expect.poll(() => one.engine.resident).toBe(1);
  const asked = Array.from({ length: 20 }, (_, index) =>
    (index % 2 === 0 ? one : two).service.migrate(OPERATOR, taskId, { revision: "r2", rules: RULES }),
  );
  await expect
    .poll(async () => (await one.store.waitingMail({ tenantId: SCOPE.tenantId, taskId })).count)
    .toBeGreaterThan(0);
  done();
  expect((await Promise.all(asked)).map(({ outcome }) => outcome)).toEqual(Array(20).fill("migrated"));
  // It was moved between its step and its question.
  await expect.poll(() => stateOf(two, taskId)).toBe("input-required");
  const { items } = await two.service.inbox(OPERATOR);
  expect(items).toMatchObject([{ taskId, path: "approval:approval[approve]" }]);
  const token = items[0]?.approval?.token ?? "";
  const answers = await Promise.allSettled(
    [one, two].map((node, index) =>
      node.service.decide(OPERATOR, taskId, { token, choice: "approve", id: `answer-${index}` }),
    ),
  );
  expect(answers.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  expect(await outputOf(two, taskId)).toEqual({ paid: 7 });
  expect(work.paid).toEqual([7]);
  const log = await one.service.log(OPERATOR, taskId);
  expect(log.filter(({ type }) => type === "task.migrated")).toHaveLength(1);
  expect(log.filter(({ type }) => type === "step.completed")).toHaveLength(3);
});

test("a run whose node is lost with it in memory moves on the other, before anything of it runs there", async () => {
  const scored: string[] = [];
  const never = new Promise<never>(() => {});
  const work: Work = { paid: [], score: (_, { idempotencyKey }) => (scored.push(idempotencyKey) === 1 ? never : 7) };
  const [one, two] = await startTwo(work);
  const { taskId } = await one.service.submit(SCOPE, { target: { agent: "flow" } });
  await expect.poll(() => scored.length).toBe(1);
  one.freeze(true);
  expect(await two.service.migrate(OPERATOR, taskId, { revision: "r2", rules: RULES })).toMatchObject({
    outcome: "migrated",
  });
  await expect.poll(() => stateOf(two, taskId)).toBe("input-required");
  const [item] = (await two.service.inbox(OPERATOR)).items;
  await two.service.decide(OPERATOR, taskId, { token: item?.approval?.token ?? "", choice: "approve" });
  expect(await outputOf(two, taskId)).toEqual({ paid: 7 });
  // Tried again under another name it has the key of before.
  expect(scored).toHaveLength(2);
  expect(new Set(scored).size).toBe(1);
});
