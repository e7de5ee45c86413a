import type { TaskEvent, WorkflowGraph } from "@agentcore/contract";
import { expect, test } from "vitest";
import { ProgressFold } from "./progress.ts";

const GRAPH: WorkflowGraph = {
  start: "both",
  nodes: {
    both: { type: "parallel", branches: { left: "look", right: "work" }, join: "met" },
    look: { type: "custom", function: "look", next: "way" },
    way: { type: "decision", cases: [{ when: "true", next: "more" }], otherwise: "met" },
    more: { type: "custom", function: "more", next: "met" },
    work: { type: "custom", function: "work", next: "rest" },
    rest: { type: "custom", function: "rest", next: "met" },
    met: { type: "join", next: "turn" },
    turn: { type: "loop", body: "once", until: "true", maxTurns: 9, next: "end" },
    once: { type: "custom", function: "once", next: "turn" },
    end: { type: "end" },
  },
};

const log = (...said: readonly (readonly [type: string, data?: object])[]): readonly TaskEvent[] =>
  said.map(([type, data = {}], index) => ({ seq: index + 1, at: index, type, data }) as TaskEvent);
const done = (path: string) => ["step.completed", { path: `step:${path}`, kind: "step" }] as const;
const chose = (path: string, choice: string) =>
  ["decision.made", { path: `decision:${path}`, kind: "choice", choice, scores: [], reasons: [] }] as const;

const folded = (events: readonly TaskEvent[]): ProgressFold => {
  const fold = new ProgressFold(GRAPH);
  for (const event of events) {
    fold.apply(event);
    fold.view();
  }
  return fold;
};
const statesOf = (events: readonly TaskEvent[]): Record<string, string> =>
  Object.fromEntries(
    folded(events)
      .view()
      .nodes.map(({ id, state }) => [id, state]),
  );

test("what came to an end while a choice was not written down yet is told when it is", () => {
  const events = log(["task.started"], done("both.left/look"), done("both.right/work"));
  expect(statesOf(events)).toMatchObject({ look: "done", way: "pending", work: "running" });
  const chosen = [...events, ...log(chose("both.left/way", "more"))];
  expect(statesOf(chosen)).toMatchObject({ way: "done", more: "running", work: "done", rest: "running" });
});

test("a call that a checkpoint carries began when it did", () => {
  const frame = { name: "", outputs: {}, errors: {}, previous: null, visits: {}, turns: {} };
  const right = { ...frame, name: "right", at: "work", visits: { work: 1 }, isWaiting: true };
  const left = { ...frame, name: "left", at: "look" };
  const fan = { address: "both", frames: [left, right], outputs: [], nodes: [], next: 0 };
  const state = { root: { ...frame, at: "both", visits: { both: 1 }, fan }, undo: [] };
  const { nodes } = folded(log(["task.started"], ["task.resumed"], ["checkpoint.created", { state }])).view();
  const began = nodes.map(({ id, startedAt }) => [id, startedAt]);
  expect(began).toEqual(expect.arrayContaining([["work", 0]]));
});

test("another turn begins until the log says that it was the last", () => {
  const events = log(
    ["task.started"],
    ...[done("both.left/look"), chose("both.left/way", "met"), done("both.right/work"), done("both.right/rest")],
    done("once"),
  );
  const turnOf = (all: readonly TaskEvent[]) =>
    folded(all)
      .view()
      .nodes.find(({ id }) => id === "turn");
  expect(turnOf(events)).toMatchObject({ state: "running", turn: 2 });
  expect(statesOf(events)).toMatchObject({ more: "skipped", once: "running", end: "pending" });
  const ended = [...events, ...log(chose("turn", "done"))];
  expect(turnOf(ended)).toMatchObject({ state: "done", turn: 1, visits: 1 });
  expect(statesOf(ended)).toMatchObject({ once: "done", end: "done" });
});

test("a node that failed before it began is seen as failed", () => {
  const events = log(["task.started"], chose("both.right/work", "!EXPRESSION_FAILED:no such key: x"));
  const { share, nodes } = folded(events).view();
  expect(share).toBe(0);
  expect(nodes.find(({ id }) => id === "work")).toMatchObject({
    ...{ state: "failed", visits: 1, error: { code: "EXPRESSION_FAILED", message: "no such key: x" } },
  });
});

test("a log that is of another graph, broken, or without its beginning is told as far as it goes", () => {
  const elsewhere = { name: "", at: "gone", outputs: {}, errors: {}, previous: null, visits: {}, turns: {} };
  const compacted = ["log.compacted", { state: "working" }] as const;
  const logs = [
    log(["task.started"], done("gone"), done("both.left/gone@7"), chose("gone", "both"), ["checkpoint.created"]),
    log(["task.started"], ["checkpoint.created", { state: { root: elsewhere, undo: [] } }], done("once")),
    log(["task.started"], chose("both.left/way", "gone"), done("both.left/look"), done("both.right/work")),
    log(compacted, done("once"), ["task.cancelRequested"], done("once@2")),
    log(compacted, ["checkpoint.created", { state: { root: elsewhere, undo: [] } }]),
    log(["checkpoint.created", { state: "mine" }], ["step.failed", { path: "", error: { code: "X", message: "" } }]),
  ];
  for (const events of logs) expect(folded(events).view().nodes).toHaveLength(10);
  expect(new Set(Object.values(statesOf(logs[4] ?? [])))).toEqual(new Set(["unknown"]));
});
