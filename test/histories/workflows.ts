/** FROZEN, see README.md. Workflows whose logs are recorded: never change one, add another. */
import { agent, TerminalError, workflow } from "@agentcore/sdk";
import { z } from "zod";
import { outside } from "./outside.ts";

const Loan = z.object({ amount: z.number() });
const broken = (): never => {
  throw new TerminalError("broken");
};

export const scored = workflow("scored")
  .input(Loan)
  .step("score", ({ amount }) => amount / 100)
  .build();

export const everything = workflow("everything")
  .input(Loan)
  .step("open", ({ amount }) => ({ amount, at: outside.next() }), { undo: () => "closed" })
  .then<{ amount: number }, "check">({ agent: "echo" }, { as: "check", undo: { by: { agent: "echo" } } })
  .then(scored, { as: "sub" })
  .parallel("both", {
    left: (path) => path.step("left-1", (n) => n + 1).step("left-2", (n) => n + 1),
    right: (path) => path.then<number, "right-1">({ capability: "echo" }, { as: "right-1" }),
  })
  .map(
    "each",
    ({ previous }) => [previous.left, previous.right, 7, 8],
    (path) => path.step("square", (n) => n * n).then<number, "said">({ agent: "echo" }, { as: "said" }),
    { concurrency: 2 },
  )
  .loop("grow", (path) => path.step("push", (list) => [...list, list.length]), {
    until: ({ previous }) => previous.length >= 7,
    maxTurns: 5,
  })
  .step("draft", (list: number[]) => list.length + outside.next(), { input: ({ nodes }) => nodes.grow })
  .gate("good", { pass: ({ turn }) => turn >= 3, again: "draft" })
  .wait("pause", { duration: "10m" })
  .decide(
    "size",
    [{ when: "input.amount > 500.0", do: (path) => path.step("big", () => "big") }],
    (path) => path.step("small", () => "small"),
  )
  .approve("sure", { prompt: "Grant ${input.amount}?", show: ({ nodes }) => nodes.each, approvers: ["ann"] })
  .build(({ nodes, previous }) => ({ by: previous.by[0]?.caller, size: nodes.big ?? nodes.small, draft: nodes.draft }));

export const joins = workflow("joins")
  .parallel(
    "first",
    {
      slow: (path) => path.wait("long", { duration: "1h" }),
      fast: (path) => path.step("quick", () => "quick"),
      task: (path) => path.then({ agent: "slow" }, { as: "late" }),
    },
    { merge: "first" },
  )
  .parallel(
    "two",
    {
      a: (path) => path.wait("a-wait", { duration: 3_000 }).step("a-done", () => 1),
      b: (path) => path.wait("b-wait", { duration: 2_000 }).step("b-done", () => 2),
      c: (path) => path.wait("c-wait", { duration: 60_000 }).step("c-done", () => 3),
    },
    { need: 2 },
  )
  .parallel("some", { good: (path) => path.step("fine", () => "fine"), bad: (path) => path.step("not", broken) }, { onFailure: "ignore" })
  .map("odd", () => [1, 2, 3], (path) => path.step("only-odd", (n) => (n % 2 === 1 ? n : broken())), { onFailure: "ignore" })
  .build(({ nodes }) => ({ first: nodes.first, two: nodes.two, some: nodes.some, odd: nodes.odd }));

export const undoes = workflow("undoes")
  .step("one", () => 1, { undo: () => "one back" })
  .parallel("both", {
    left: (path) => path.step("two", () => 2, { undo: () => "two back" }),
    right: (path) =>
      path.step("three", () => 3, {
        undo: {
          by: (_output: number, { attempt }) => {
            if (attempt < 2) throw new Error("busy");
          },
          retry: { initialDelayMs: 5_000 },
        },
      }),
  })
  .map("each", () => ["x", "y"], (path) => path.step("item", (each) => each, { undo: { by: { agent: "echo" } } }))
  .step("last", broken)
  .build();

export const stands = workflow("stands")
  .step("first", () => "first", { undo: broken })
  .step("second", () => "second", { undo: broken })
  .step("third", () => "third", { undo: broken })
  .fail("stop", "no further")
  .build();

export const asks = workflow("asks")
  .input(Loan)
  .step("reserve", ({ amount }) => ({ amount, number: outside.next() }), { undo: () => "released" })
  .approve("sure", {
    ...{ prompt: "Grant?", approvers: ["ann"] as const, expiresAfter: "1d", remindAfter: "1h" },
    on: { reject: (path) => path.fail("refused", "no") },
    otherwise: (path) => path.step("ignored", () => "nobody decided"),
  })
  .build(({ nodes, previous }) => ({ reserve: nodes.reserve, previous }));

export const rescued = workflow("rescued")
  .step("try", (): string => broken(), {
    catch: (path) => path.step("instead", (why: string) => `instead: ${why}`, { input: ({ errors }) => errors["try"]?.message ?? "" }),
  })
  .then<string, "task">(
    { agent: "broken" },
    { as: "task", catch: (path) => path.step("anyway", (before: string) => `${before}, anyway`, { input: ({ previous }) => previous }) },
  )
  .build();

export const impure = workflow("impure")
  .loop(
    "again",
    (path) =>
      path
        .decide(
          "way",
          [{ when: () => outside.next() % 2 === 0, do: (way) => way.step("even", () => "even") }],
          (way) => way.step("odd", () => "odd"),
        )
        .step("note", (way: string) => way),
    { until: () => outside.next() > 6, maxTurns: 20 },
  )
  .build();

export const long = workflow("long")
  .loop("count", (path) => path.step("turn", () => outside.next()), { maxTurns: 270 })
  .build();

/** Its functions fail when it runs, and would not when it is replayed. */
export const unsure = workflow("unsure")
  .step("reserve", () => outside.next(), { undo: { by: () => "released", input: () => (outside.next() < 1_000 ? broken() : 1) } })
  .step("draft", (n: number) => n, {
    input: () => (outside.next() < 4 ? broken() : outside.next()),
    catch: (path) => path.step("instead", () => 0),
  })
  .gate("good", { pass: ({ turn }) => turn === 2, again: "draft" })
  .map("each", () => (outside.next() < 1_000 ? broken() : [1, 2]), (path) => path.step("one", (n) => n))
  .build();

/** As a manifest or JSON has it. */
export const plain = agent({
  name: "plain",
  description: "A graph without functions of one's own",
  workflow: {
    functions: {},
    graph: {
      start: "ask",
      nodes: {
        ask: { type: "task", target: { agent: "echo" }, input: { n: "${input.n}", text: "no ${input.n}" }, next: "many", catch: "end" },
        many: { type: "map", over: "[1, 2, nodes.ask.n]", body: "one", next: "choose" },
        one: { type: "task", target: { agent: "echo" }, input: "${item * 2}", next: "many" },
        choose: { type: "decision", cases: [{ when: "nodes.many.size() > 2", next: "pause" }], otherwise: "end" },
        pause: { type: "wait", duration: "1m", next: "end" },
        end: { type: "end", output: { many: "${nodes.many}", text: "${nodes.ask.text}!" } },
      },
    },
  },
});
