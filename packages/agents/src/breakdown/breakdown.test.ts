import type { TaskEvent } from "@agentcore/contract";
import type { AgentsFound } from "@agentcore/sdk";
import { agent, type ModelMessage } from "@agentcore/sdk";
import { type ScriptedAnswer, strategySuite, type TestAgentOptions, testAgent } from "@agentcore/testing";
import { describe, expect, test } from "vitest";
import { type BreakdownOptions, type BreakdownResult, breakdown } from "./breakdown.ts";

const desk = (options: BreakdownOptions = {}, more: { readonly model?: string; readonly name?: string } = {}) =>
  agent({ name: "front-desk", description: "Has requests done", strategy: breakdown(options), ...more });
const worker = (name: string, description: string, run: (input: unknown) => unknown) =>
  agent({
    name,
    description,
    run: ({ input }, ctx) => ctx.step("work", () => run(input), { retry: { maxAttempts: 1 } }),
  });
const broken = (): never => {
  throw new Error("it broke");
};

const facts = worker("fact-finder", "Finds facts about a plant", (input) => `facts of ${JSON.stringify(input)}`);
const prices = worker("price-clerk", "Looks up the price of goods", () => 3);
const writer = worker("writer", "Writes a short report", (input) => `report of ${JSON.stringify(input)}`);
const team = [facts, prices, writer];

const parts = [
  { id: "facts", what: "facts about tea", need: "find facts about a plant" },
  { id: "price", what: "price of tea", need: "look up the price of goods" },
  { id: "text", what: "a report on tea", need: "write a short report", dependsOn: ["facts", "price"] },
];
const says = (value: unknown): ScriptedAnswer => ({ text: JSON.stringify(value) });
interface Asked {
  readonly messages: readonly ModelMessage[];
  readonly output?: { readonly name?: string };
}
/** Divides as it is told, and makes one answer of what comes back. */
const divides =
  (...answers: readonly unknown[]) =>
  ({ messages, output }: Asked): ScriptedAnswer | string =>
    output?.name === "parts"
      ? says(answers[messages.filter(({ role }) => role === "assistant").length])
      : `in short: ${messages.at(-1)?.content ?? ""}`;

const run = async (
  main: ReturnType<typeof desk>,
  input: unknown,
  { others = team, ...options }: TestAgentOptions & { readonly others?: readonly (typeof facts)[] } = {},
) => {
  const world = await testAgent([main, ...others], options);
  const done = await world.run(input);
  const { calls, effects, resident } = world;
  await world.close();
  return { calls, effects, resident, events: done.events, error: done.error, done };
};
const decisionsOf = (events: readonly TaskEvent[]): readonly string[] =>
  events.flatMap(({ type, data }) =>
    type === "decision.made" && data.kind === "choice"
      ? [`${data.path?.replace("decision:", "")} → ${data.choice}`]
      : [],
  );

describe("the direct path", () => {
  test("a request that one agent does is one command: nothing is divided, no model is asked, nothing is gathered", async () => {
    const { done, events, calls } = await run(desk({}, { model: "m" }), "Look up the price of goods", { model: [] });
    expect(done.output).toEqual({
      ...{ answer: 3, path: "direct", isPartial: false },
      parts: [{ id: "request", what: "Look up the price of goods", agent: "price-clerk", state: "done" }],
    });
    expect(decisionsOf(events)).toEqual(["path → direct"]);
    expect(events.filter(({ type, data }) => type === "step.completed" && data.kind === "command")).toHaveLength(1);
    expect([...calls.keys()].filter((name) => name.startsWith("model:"))).toEqual([]);
  });

  test("clauses that the same agent does are one wish; clauses of different agents are not", async () => {
    const same = await run(desk(), "Find facts about a plant, and find facts about the plant's leaves");
    expect(same.done.output).toMatchObject({ path: "direct", parts: [{ agent: "fact-finder" }] });
    const other = await run(desk(), "Find facts about a plant and look up the price of goods");
    expect(other.error).toMatchObject({
      code: "NO_CANDIDATE",
      message: expect.stringContaining("nobody is there to divide it"),
    });
  });

  test("the agent gets the request as it came", async () => {
    const echo = worker("price-clerk", "Looks up the price of goods", (input) => input);
    const { done } = await run(desk(), "look up the price of goods", { others: [echo] });
    expect(done.output).toMatchObject({ answer: "look up the price of goods" });
  });
});

describe("parts", () => {
  test("a model divides, agents are found by what they can do, results go to what depends on them, and the last is the answer", async () => {
    const { done, events } = await run(desk({}, { model: "m" }), "A report on tea with its price, please", {
      model: divides({ parts }),
    });
    const result = done.output as BreakdownResult;
    expect(result).toMatchObject({
      path: "divided",
      isPartial: false,
      parts: [
        { id: "facts", agent: "fact-finder", state: "done" },
        { id: "price", agent: "price-clerk", state: "done" },
        { id: "text", agent: "writer", state: "done" },
      ],
    });
    expect(result.answer).toBe(
      'report of {"task":"a report on tea","results":{"facts":"facts of \\"facts about tea\\"","price":3}}',
    );
    expect(decisionsOf(events)).toEqual([
      "path → divided",
      "agent of facts → fact-finder",
      "agent of price → price-clerk",
      "agent of text → writer",
      "part facts → done",
      "part price → done",
      "part text → done",
      "gather → text",
    ]);
    const assigned = events.find(
      ({ type, data }) => type === "decision.made" && data.path === "decision:agent of price",
    );
    expect(assigned?.data).toMatchObject({
      scores: [{ candidate: "price-clerk", score: expect.any(Number) }],
      reasons: expect.arrayContaining(["price-clerk: says look, price, goods"]),
    });
    expect(events.flatMap(({ type, data }) => (type === "task.progressed" ? [data.message] : []))).toEqual([
      "1 of 3 parts are done",
      "2 of 3 parts are done",
      "3 of 3 parts are done",
    ]);
  });

  test("a model makes one answer where no part is the last, from the results marked as data", async () => {
    const { done } = await run(desk({}, { model: "m" }), "Facts about tea and its price", {
      model: divides({ parts: parts.slice(0, 2) }),
    });
    const { answer } = done.output as BreakdownResult;
    expect(answer).toContain("in short: Facts about tea and its price");
    expect(answer).toContain('<data from="price-clerk">\n3\n</data>');
  });

  test("agents divide and gather, and results stay as they are where that is wanted", async () => {
    const asked: unknown[] = [];
    const decompose = (input: unknown) => {
      asked.push(input);
      return parts.slice(0, 2);
    };
    const peers = { planner: decompose, editor: (all: unknown) => all };
    const { done } = await run(
      desk({ decompose: { agent: "planner" }, gather: { agent: "editor" } }),
      "facts and prices of tea",
      { peers },
    );
    expect(asked).toMatchObject([
      {
        request: "facts and prices of tea",
        maxParts: 10,
        agents: expect.arrayContaining([expect.objectContaining({ agent: "writer", skills: ["writer"] })]),
      },
    ]);
    expect(done.output).toMatchObject({
      answer: {
        request: "facts and prices of tea",
        results: { price: 3 },
        missing: [],
        parts: [{ id: "facts" }, { id: "price" }],
      },
    });
    const plain = await run(desk({ decompose: { agent: "planner" }, gather: "results" }), "facts and prices of tea", {
      peers,
    });
    expect(plain.done.output).toMatchObject({ answer: { facts: expect.any(String), price: 3 } });
  });

  test("a request that says its parts itself, or is written as a list, needs nobody to divide it", async () => {
    const given = await run(desk(), { parts });
    expect(given.done.output).toMatchObject({ path: "divided", answer: expect.stringContaining("report of") });
    const list = await run(desk(), "1. Find facts about a plant\n2. Look up the price of goods");
    expect(list.done.output).toMatchObject({ answer: { part1: expect.any(String), part2: 3 } });
    const chain = await run(desk(), "Find facts about a plant, then write a short report");
    expect(chain.done.output).toMatchObject({
      answer: 'report of {"task":"write a short report","results":{"part1":"facts of \\"Find facts about a plant\\""}}',
    });
    const wrong = await run(desk(), { parts: [{ id: "a", what: "x", dependsOn: ["b"] }] });
    expect(wrong.error).toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining('there is no "b"'),
    });
  });

  test.each([
    ["unknown ids", [{ id: "a", what: "x", dependsOn: ["b"] }], 'there is no "b"'],
    [
      "cycles",
      [
        { id: "a", what: "x", dependsOn: ["b"] },
        { id: "b", what: "y", dependsOn: ["a"] },
      ],
      "a, b wait for each other",
    ],
    [
      "two of one id",
      [
        { id: "a", what: "x" },
        { id: "a", what: "y" },
      ],
      "an id of its own",
    ],
    ["too many", [1, 2, 3, 4].map((n) => ({ id: `p${n}`, what: "x" })), "at most 3 parts"],
  ])("%s are told to the model once, then it fails", async (_name, bad, said) => {
    const told: string[] = [];
    const model =
      (...answers: readonly unknown[]) =>
      (asked: Asked) => {
        if (asked.messages.length > 2) told.push(asked.messages.at(-1)?.content ?? "");
        return divides(...answers)(asked);
      };
    const main = desk({ maxParts: 3 }, { model: "m" });
    const repaired = await run(main, "tea with all about it, please and its price", {
      model: model({ parts: bad }, { parts }),
    });
    expect([repaired.done.state, told]).toEqual(["completed", [expect.stringContaining(said)]]);
    const failed = await run(main, "tea with all about it, please and its price", {
      model: model({ parts: bad }, { parts: bad }),
    });
    expect(failed.error).toMatchObject({ code: "OUTPUT_MISMATCH" });
    expect(told).toHaveLength(2);
  });

  test("an agent that divides is told once as well", async () => {
    const asked: unknown[] = [];
    const planner = (input: unknown) => {
      asked.push(input);
      return asked.length === 1 ? { parts: [] } : parts;
    };
    const { done } = await run(desk({ decompose: { agent: "planner" } }), "tea and all", { peers: { planner } });
    expect(done.state).toBe("completed");
    expect(asked[1]).toMatchObject({ refused: { parts: [] }, problems: [expect.stringContaining("parts")] });
  });
});

describe("nobody", () => {
  test("a part that nobody can do fails the whole before anything is begun, and names it, its need and who is nearest", async () => {
    const concert = { id: "tickets", what: "two tickets", need: "order tickets for a concert of plant lovers" };
    const { error, effects, events } = await run(desk({}, { model: "m" }), "facts on tea, and tickets for a concert", {
      model: divides({ parts: [...parts, concert] }),
    });
    expect(error).toMatchObject({
      code: "NO_CANDIDATE",
      message: expect.stringMatching(
        /^part "tickets" needs "order tickets for a concert of plant lovers", and nobody can do that: nearest .*fact-finder.*; nothing was begun$/,
      ),
      details: {
        missing: [
          {
            part: "tickets",
            what: "two tickets",
            need: concert.need,
            nearest: expect.arrayContaining([{ agent: "fact-finder", why: expect.any(String) }]),
          },
        ],
      },
    });
    expect(effects.filter((name) => name.startsWith("step:"))).toEqual([]);
    expect(events.some(({ type, data }) => type === "step.started" && data.kind === "command")).toBe(false);
  });

  test("limits on cost, all parts together, are kept before anything is begun", async () => {
    const failed = await run(desk({ maxCostUsd: 0.02 }), { parts });
    expect(failed.error).toMatchObject({
      code: "BUDGET_EXCEEDED",
      message: expect.stringContaining("the 3 parts cost $0.03 at least"),
    });
    expect(failed.effects.filter((name) => name.startsWith("step:"))).toEqual([]);
    const slow = await run(desk({ maxLatencyMs: 10 }), { parts });
    expect(slow.error).toMatchObject({
      code: "NO_CANDIDATE",
      message: expect.stringContaining("answers in 100 ms, above 10 ms"),
    });
    expect((await run(desk({ selector: { region: "eu" } }), { parts })).error?.message).toContain(
      "lacks the label region=eu",
    );
    expect((await run(desk({ maxCostUsd: 0.03 }), { parts })).done.state).toBe("completed");
  });
});

describe("parts that fail", () => {
  const frail = [worker("fact-finder", "Finds facts about a plant", broken), prices, writer];

  test("fail the whole by their name, and end the others", async () => {
    const slow = agent({
      name: "price-clerk",
      description: "Looks up the price of goods",
      run: async (_task, ctx) => ctx.sleep(10_000_000),
    });
    const { error, done, resident } = await run(
      desk(),
      { parts },
      { others: [frail[0] as typeof facts, slow as typeof facts, writer] },
    );
    expect(error).toMatchObject({
      message: expect.stringMatching(/^part "facts" \(facts about tea\) failed at fact-finder: .*it broke/),
      details: { part: "facts", agent: "fact-finder", done: [] },
    });
    expect([done.state, resident]).toEqual(["failed", 0]);
  });

  test("are left out where that is wanted, with what depends on them, and the answer says so", async () => {
    const { done, events } = await run(desk({ onFailure: "gather" }), { parts }, { others: frail });
    expect(done.output).toMatchObject({
      ...{ answer: { price: 3 }, isPartial: true },
      parts: [
        { id: "facts", state: "failed", why: expect.stringContaining("it broke") },
        { id: "price", state: "done" },
        { id: "text", state: "skipped", why: "it needs facts, which was not done" },
      ],
    });
    expect(decisionsOf(events).at(-1)).toBe("gather → results, without facts, text");
    const nothing = await run(desk({ onFailure: "gather" }), { parts: parts.slice(0, 1) }, { others: frail });
    expect(nothing.error?.message).toContain("no part was done: facts: ");
  });

  test("are told to the model that makes the answer", async () => {
    const { done } = await run(
      desk({ onFailure: "gather" }, { model: "m" }),
      { parts: parts.slice(0, 2) },
      { others: frail, model: divides() },
    );
    expect((done.output as BreakdownResult).answer).toMatch(/facts \(facts about tea\): MISSING, .*it broke/);
  });
});

describe("among themselves", () => {
  const giver = (name: string, options: BreakdownOptions = {}) =>
    agent({
      name,
      description: "Arranges a journey by train",
      strategy: breakdown({ decompose: { agent: "planner" }, ...options }),
    });
  const planner = { planner: () => [{ id: "all", what: "arrange the journey by train, and all" }] };

  test("work never comes back to whoever stands above, so nobody is left at the end", async () => {
    const world = await testAgent([giver("first"), giver("second")], { peers: planner });
    const done = await world.run("arrange a journey by train, tickets");
    await world.close();
    expect(done.error?.message).toContain('part "all" (arrange the journey by train, and all) failed at second');
    expect(done.error).toMatchObject({ code: "NO_CANDIDATE" });
  });

  test("divides no deeper than it may", async () => {
    const names = ["a", "b", "c", "d"].map((letter) => `giver-${letter}`);
    const world = await testAgent(
      names.map((name) => giver(name, { maxDepth: 1 })),
      { peers: planner },
    );
    const done = await world.run("arrange a journey by train, tickets");
    await world.close();
    expect(done.error).toMatchObject({ code: "LOOP_DETECTED", message: expect.stringContaining("raise maxDepth") });
  });
});

test("of several that can, the cheaper ones are taken where all together have to fit", async () => {
  const { assign } = await import("./assign.ts");
  const found = (...those: readonly (readonly [agent: string, score: number, costUsd: number])[]) => ({
    asked: {
      found: those.map(([name, score, costUsd]) => ({ agent: name, score, costUsd })),
    } as unknown as AgentsFound,
  });
  const staffed = [
    { part: { id: "x", what: "x", dependsOn: [] }, ...found(["good", 0.9, 5], ["fair", 0.8, 1]) },
    { part: { id: "y", what: "y", dependsOn: [] }, ...found(["best", 0.9, 5], ["poor", 0.1, 1]) },
  ];
  const namesOf = (most?: number) => {
    const assigned = assign(staffed, most);
    return assigned.fits ? assigned.assignments.map(({ agent: { agent: name } }) => name) : assigned.leastUsd;
  };
  expect([namesOf(), namesOf(10), namesOf(6), namesOf(2), namesOf(1.5)]).toEqual([
    ["good", "best"],
    ["good", "best"],
    ["fair", "best"],
    ["fair", "poor"],
    2,
  ]);
});

test("options that are wrong are refused where they are written", () => {
  expect(() => breakdown({ maxParts: 0 })).toThrow("maxParts");
  expect(() => breakdown({ gather: "best" as never })).toThrow("expected an agent or results");
});

const done = (id: string, what: string, name: string) => ({ ...{ id, what }, agent: name, state: "done" });
const suited = {
  facts: () => "a plant",
  price: () => 3,
  legal: () => "fine",
  text: (input: unknown) => `text of ${JSON.stringify(input)}`,
};
const diamond = [
  { id: "a", what: "facts about tea", need: "facts" },
  { id: "b", what: "price of tea", need: "price" },
  { id: "c", what: "is it legal", need: "legal", dependsOn: ["a"] },
  { id: "d", what: "a text", need: "text", dependsOn: ["c", "b"] },
];

strategySuite({
  name: "a breakdown by a model",
  agent: () => desk({ concurrency: 2 }, { model: "m" }),
  input: "a text on tea, with facts and prices",
  peers: suited,
  model: divides({ parts: diamond }),
  output: {
    ...{ answer: 'text of {"task":"a text","results":{"c":"fine","b":3}}', path: "divided", isPartial: false },
    parts: [
      done("a", "facts about tea", "facts"),
      done("b", "price of tea", "price"),
      done("c", "is it legal", "legal"),
      done("d", "a text", "text"),
    ],
  },
  test,
});

strategySuite({
  name: "a breakdown by agents, of which one fails",
  agent: () => desk({ decompose: { agent: "planner" }, gather: { agent: "editor" }, onFailure: "gather" }),
  input: "facts of tea, and its price",
  peers: {
    ...suited,
    legal: broken,
    planner: () => diamond.slice(0, 3),
    editor: (input: unknown) => Object.keys((input as { readonly results: object }).results),
  },
  output: {
    ...{ answer: ["a", "b"], path: "divided", isPartial: true },
    parts: [
      done("a", "facts about tea", "facts"),
      done("b", "price of tea", "price"),
      { id: "c", what: "is it legal", agent: "legal", state: "failed", why: "AGENT_FAILED: it broke" },
    ],
  },
  test,
});

strategySuite({
  name: "a breakdown with a direct path",
  agent: () => desk({}, { model: "m" }),
  input: "price",
  peers: suited,
  model: () => "nobody asks",
  output: { answer: 3, path: "direct", isPartial: false, parts: [done("request", "price", "price")] },
  test,
});
