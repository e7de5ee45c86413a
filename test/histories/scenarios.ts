/** How each history came to be: an agent, what it reaches, and what happened to it. */
import type { AgentDefinition } from "@agentcore/contract/authoring";
import { agent } from "@agentcore/sdk";
import { type AnyAgent, type TestAgentOptions, type TestRun, testAgent } from "@agentcore/testing";
import * as agents from "./agents.ts";
import { outside } from "./outside.ts";
import * as workflows from "./workflows.ts";

export interface Scenario {
  readonly agent: AnyAgent;
  readonly options?: TestAgentOptions;
  readonly input?: unknown;
  /** What happens to it once it has begun. */
  readonly then?: (run: TestRun) => Promise<unknown>;
}

const DAY = 86_400_000;
const slow = agent({
  name: "slow",
  description: "Takes a day",
  async run(_task, ctx) {
    await ctx.sleep(DAY);
    return "late";
  },
}) as AgentDefinition;
const peers: NonNullable<TestAgentOptions["peers"]> = {
  slow,
  echo: (input) => input,
  broken: () => {
    throw new Error("broken");
  },
};
const options: TestAgentOptions = { peers, queries: { oracle: () => 42 } };
const minutes = (run: TestRun) => run.advance(600_000);

const decideAll = async (run: TestRun): Promise<void> => {
  await run.decide({ by: "ann", choice: "approve", comment: "good" });
  await run.decide({ by: "bob", choice: "approve" });
  await run.decide({ by: "carol", delegateTo: "dora" });
  await run.decide({ by: "dora", choice: "perhaps" }).catch(() => undefined);
  await run.decide({ by: "dora", choice: "approve" }).catch(() => undefined);
};

export const scenarios: Readonly<Record<string, Scenario>> = {
  steps: { agent: agents.steps, input: { a: 1 } },
  "steps-crash": { agent: agents.steps, input: { a: 1 }, options: { crashAt: ["load#2", "store"] }, then: minutes },
  retries: { agent: agents.retries, then: minutes },
  "retries-crash": { agent: agents.retries, options: { crashAt: [4, 6] }, then: minutes },
  fails: { agent: agents.fails },
  rejects: { agent: agents.rejects },
  commands: { agent: agents.commands, then: minutes },
  "commands-crash": { agent: agents.commands, options: { ...options, crashAt: [5, 9] }, then: minutes },
  waits: {
    agent: agents.waits,
    then: async (run) => {
      await run.answer("Eva");
      await run.answer("old").catch(() => undefined);
      await run.send({ age: 44 });
      await run.send("by the way");
    },
  },
  "waits-open": { agent: agents.waits, then: (run) => run.answer("Eva") },
  authorized: {
    agent: agents.authorized,
    then: async (run) => {
      await run.authorize({ name: "bank" });
      await run.authorize({ name: "mail", deny: "private" });
    },
  },
  decided: {
    agent: agents.decided,
    then: async (run) => {
      await decideAll(run);
      await run.decide({ by: "bob", choice: "a" }).catch(() => undefined);
      await run.decide({ by: "carol", choice: "b" }).catch(() => undefined);
      await run.advance(2_000);
      await run.advance(70_000);
    },
  },
  "decided-open": { agent: agents.decided, then: (run) => run.decide({ by: "ann", choice: "reject" }) },
  sleeps: {
    agent: agents.sleeps,
    then: async (run) => {
      await run.advance(DAY + 60_000);
      await run.send("wake up");
      await minutes(run);
    },
  },
  races: { agent: agents.races, then: minutes },
  turns: { agent: agents.turns, then: minutes },
  "turns-open": { agent: agents.turns, then: (run) => run.advance(5_000) },
  chooses: { agent: agents.chooses },
  judged: {
    agent: agents.judged,
    input: "go",
    options: { policies: [{ name: "calm", spec: { tools: [{ match: "send", maxCalls: 3, approvers: ["test", "ann"] }] } }] },
    then: async (run) => {
      await run.decide({ by: "ann", choice: "reject", comment: "not now" });
      await run.decide({ by: "test", choice: "approve" }).catch(() => undefined);
    },
  },
  "cut-off": { agent: agents.cutOff, options: { crashAt: [3, { at: 6, when: "after" }] }, then: minutes },
  thinks: { agent: agents.thinks, options: { model: ["Good day", "Take an umbrella"] } },
  "cleans-up": { agent: agents.cleansUp, then: async (run) => minutes(await run.cancel("changed my mind")) },
  compensates: { agent: agents.compensates, then: async (run) => minutes(await run.cancel("changed my mind")) },

  everything: {
    agent: workflows.everything,
    input: { amount: 900 },
    then: async (run) => {
      await minutes(run);
      await run.advance(600_000);
      await run.decide({ by: "ann", choice: "approve" });
    },
  },
  "everything-crash": {
    agent: workflows.everything,
    input: { amount: 300 },
    options: { ...options, crashAt: [7, 12, 19] },
    then: async (run) => {
      for (let times = 0; times < 4; times += 1) await minutes(run);
      await run.decide({ by: "ann", choice: "reject" });
    },
  },
  "everything-canceled": {
    agent: workflows.everything,
    input: { amount: 300 },
    then: async (run) => {
      await minutes(run);
      await run.advance(600_000);
      await minutes(await run.cancel("no longer wanted"));
    },
  },
  joins: { agent: workflows.joins, then: minutes },
  undoes: { agent: workflows.undoes, then: minutes },
  stands: {
    agent: workflows.stands,
    then: async (run) => {
      await minutes(run);
      await run.decide({ choice: "done" });
      await minutes(run);
      await run.decide({ choice: "retry" });
      await minutes(run);
      await run.decide({ choice: "leave" });
      await minutes(run);
      await run.decide({ choice: "leave" });
    },
  },
  "asks-approved": {
    agent: workflows.asks,
    input: { amount: 5 },
    then: (run) => run.decide({ by: "ann", choice: "approve" }),
  },
  "asks-rejected": {
    agent: workflows.asks,
    input: { amount: 5 },
    then: async (run) => {
      await run.advance(2 * 3_600_000);
      await run.decide({ by: "ann", choice: "reject", comment: "too much" });
    },
  },
  "asks-expired": { agent: workflows.asks, input: { amount: 5 }, then: (run) => run.advance(2 * DAY) },
  "asks-canceled": { agent: workflows.asks, input: { amount: 5 }, then: (run) => run.cancel() },
  "asks-open": { agent: workflows.asks, input: { amount: 5 } },
  rescued: { agent: workflows.rescued, then: minutes },
  impure: { agent: workflows.impure },
  long: { agent: workflows.long },
  unsure: {
    agent: workflows.unsure,
    then: async (run) => {
      await run.decide({ choice: "leave" });
    },
  },
  plain: { agent: workflows.plain, input: { n: 3 }, then: minutes },
};

/** Plays it and gives the run, in the state in which it was left. */
export const play = async ({ agent: main, options: own = options, input, then }: Scenario): Promise<TestRun> => {
  outside.from(0);
  const reached = main === workflows.everything ? [main, workflows.scored] : [main];
  const test = await testAgent(reached, own);
  const run = await test.run(input);
  await then?.(run);
  return run;
};
