import { MigrationRules, type TaskEvent, type WorkflowGraph } from "@agentcore/contract";
import { describe, expect, test } from "vitest";
import {
  afterMigrations,
  assertDistinct,
  assertDroppable,
  assertRules,
  pathAfter,
  pathsBefore,
  rulesFor,
  underRules,
} from "./migration-rules.ts";

const graphOf = (...nodes: readonly (string | readonly [string, object])[]): WorkflowGraph => ({
  start: "a",
  nodes: Object.fromEntries(
    nodes.map((node) =>
      typeof node === "string" ? [node, { type: "custom", function: "f", next: "end" }] : [node[0], node[1]],
    ),
  ) as WorkflowGraph["nodes"],
});
const violationsOf = (check: () => void): readonly string[] => {
  try {
    check();
    return [];
  } catch (error) {
    return (error as { violations: { field: string; description: string }[] }).violations.map(
      ({ field, description }) => `${field}: ${description}`,
    );
  }
};

describe("paths", () => {
  const rules = { rename: { a: "b", each: "all" } };
  test.each([
    ["step:a", "step:b"],
    ["step:a@2", "step:b@2"],
    ["command:agent:a[a~undo@2]", "command:agent:a[b~undo@2]"],
    ["approval:approval[each@3.0/a@2~stands]", "approval:approval[all@3.0/b@2~stands]"],
    ["decision:each", "decision:all"],
    ["event:a[each.11/c]", "event:a[all.11/c]"],
    ["step:each.a/c", "step:all.a/c"],
  ])("%s is %s, and was", (then, now) => {
    expect(pathAfter(then, [rules])).toBe(now);
    expect(pathsBefore([rules])(now)).toBe(then);
  });

  test("what is no address of a node stays as it is", () => {
    for (const path of ["progress:a", "artifact:a", "model:a", "input:a", "step:b", "step:x.a/c"])
      expect(pathAfter(path, [rules])).toBe(path);
  });

  test("names go through all migrations, and back to the first", () => {
    const all = [{ rename: { a: "b" } }, { drop: ["x"] }, { rename: { b: "c" } }];
    expect(pathAfter("step:a", all)).toBe("step:c");
    expect(pathsBefore(all)("step:c")).toBe("step:a");
  });
});

const at = 1;
const logOf = (...events: readonly Omit<TaskEvent, "seq" | "at">[]): readonly TaskEvent[] =>
  events.map((event, index) => ({ ...event, seq: index + 1, at }) as TaskEvent);
const completed = (path: string) => ({ type: "step.completed", data: { path, kind: "step", result: path } }) as const;
const choice = (path: string, chosen: string) =>
  ({ type: "decision.made", data: { path, kind: "choice", choice: chosen, scores: [], reasons: [] } }) as const;

describe("events", () => {
  test("choices of decisions are renamed, what loops and gates choose is not, and results are let alone", () => {
    const read = underRules(
      logOf(choice("decision:pick", "a"), choice("decision:gate", "again"), completed("step:a")),
      {
        rename: { a: "b" },
      },
    );
    expect(read.map(({ data }) => data)).toMatchObject([
      { choice: "b" },
      { choice: "again" },
      { path: "step:b", result: "step:a" },
    ]);
  });

  test("what a dropped node recorded is left out, its effects on others are not", () => {
    const read = underRules(logOf(completed("step:a"), completed("step:each.0/a@2"), completed("step:b")), {
      drop: ["a"],
    });
    expect(read.map(({ seq }) => seq)).toEqual([3]);
  });

  test("only what came before a migration is read by its rules", () => {
    const migrated = (rules: MigrationRules) =>
      ({ type: "task.migrated", data: { from: "r1", to: "r2", by: "olga", rules } }) as const;
    const log = logOf(
      completed("step:a"),
      migrated({ rename: { a: "b" } }),
      completed("step:a@2"),
      migrated({ drop: ["a"] }),
    );
    expect(afterMigrations(log).map(({ data }) => ("path" in data ? data.path : null))).toEqual(["step:b", null, null]);
    expect(afterMigrations(log.slice(0, 1))).toEqual(log.slice(0, 1));
  });

  test("what a checkpoint carries is read by them", () => {
    const call = { since: 3, at, ...completed("step:each.0/a") };
    const log = logOf({ type: "checkpoint.created", data: { carried: [call, { ...call, ...completed("step:b") }] } });
    const [read] = underRules(log, { rename: { a: "x" }, drop: ["b"] });
    expect(read?.data).toEqual({ carried: [{ ...call, data: { ...call.data, path: "step:each.0/x" } }] });
  });

  test("a checkpoint's state is read by them, in regions as well; another agent's state is let alone", () => {
    const frame = (name: string, at: string, more: object) => ({
      ...{ name, at, outputs: {}, errors: {}, previous: null, visits: {}, turns: {} },
      ...more,
    });
    const inner = frame("0", "a", { visits: { a: 2, gone: 1 }, outputs: { gone: 1 } });
    const fan = {
      address: "each@2",
      frames: [inner],
      outputs: [["1", "x"]],
      nodes: [["1", { a: 1 }]],
      next: 2,
      total: 3,
    };
    const state = {
      root: frame("", "each", {
        outputs: { a: 1 },
        errors: { a: { code: "X", message: "" } },
        previous: "a",
        turns: { a: 1 },
        fan,
      }),
      undo: [{ address: "each.0/a", node: "a", input: 1 }],
    };
    const rules = { rename: { a: "b", each: "all" }, drop: ["gone"] };
    const [read] = underRules(logOf({ type: "checkpoint.created", data: { state } }), rules);
    expect(read?.data).toEqual({
      state: {
        root: frame("", "all", {
          ...{ outputs: { b: 1 }, errors: { b: { code: "X", message: "" } }, previous: "b", turns: { b: 1 } },
          fan: { ...fan, address: "all@2", nodes: [["1", { b: 1 }]], frames: [frame("0", "b", { visits: { b: 2 } })] },
        }),
        undo: [{ address: "all.0/b", node: "b", input: 1 }],
      },
    });
    const other = logOf({ type: "checkpoint.created", data: { state: { a: 1 } } });
    expect(underRules(other, rules)).toEqual(other);
  });
});

describe("what is no rule", () => {
  test.each([
    [{ rename: { a: "a" } }, "expected another name"],
    [{ rename: { a: "b", b: "c" } }, "renamed itself"],
    [{ rename: { a: "b", b: "a" } }, "renamed itself"],
    [{ rename: { a: "b" }, drop: ["a"] }, "dropped as well"],
    [{ rename: { "a b": "c" } }, "expected the name of a node"],
    [{ rename: {}, change: {} }, "change"],
  ])("%j", (rules, message) => {
    expect(JSON.stringify(MigrationRules.safeParse(rules).error?.issues)).toContain(message);
  });

  test("names that the graphs do not have, or have already, and nodes of another kind", () => {
    const from = graphOf("a", "b", "done", ["pick", { type: "decision", cases: [], otherwise: "done" }]);
    const to = graphOf("b", "x", "y", "z", ["ask", { type: "approval", prompt: "?", next: "x" }]);
    const check = (rules: MigrationRules, graph: WorkflowGraph | null = from) =>
      violationsOf(() => assertRules(rules, { from: graph, to }));
    expect(check({ rename: { a: "x" } })).toEqual([]);
    expect(check({ rename: { no: "x", a: "no" } })).toEqual([
      "rules.rename.no: the run's revision has no node no",
      "rules.rename.a: the new revision has no node no",
    ]);
    expect(check({ rename: { b: "x" } })).toEqual(["rules.rename.b: the new revision has a node b as well"]);
    expect(check({ rename: { a: "b" } })).toEqual(["rules.rename.a: the run's revision has a node b already"]);
    expect(check({ rename: { a: "ask" } })).toEqual(["rules.rename.a: a is of the type custom, and ask of approval"]);
    expect(check({ rename: { done: "x" } })[0]).toContain("a decision may have chosen it");
    expect(check({ drop: ["no", "b"] })).toEqual([
      "rules.drop.0: the run's revision has no node no",
      "rules.drop.1: the new revision has a node b; leave it",
    ]);
    expect(check({ rename: { a: "x", b: "x" } }, graphOf("a", "b"))).toHaveLength(1);
    expect(check({ rename: { a: "x", c: "x" } }, graphOf("a", "c"))).toEqual([
      "rules.rename.c: a is renamed to x as well",
    ]);
    expect(check({ drop: ["a"] }, null)[0]).toContain("cannot be loaded");
    expect(check({ rename: { a: "x" } }, null)).toEqual([]);
  });

  test("nodes with something to take back, under way, or right behind which a checkpoint stands are not dropped", () => {
    const undo = { type: "custom", function: "f", next: "b", undo: { function: "g" } };
    const from = graphOf(["a", undo], ["c", undo], "b", "d");
    const events = logOf(completed("step:a"), completed("step:b"));
    const check = (drop: string[], open: string[] = [], log = events) =>
      violationsOf(() => assertDroppable({ drop }, { events: log, open, from }));
    expect(check(["b", "c"])).toEqual([]);
    expect(check(["a"])).toEqual(["rules.drop.0: a has something to take back"]);
    expect(check(["d"], ["step:x.1/d@2"])).toEqual(["rules.drop.0: d is under way"]);
    const root = { name: "", at: "x", outputs: {}, errors: {}, previous: "d", visits: {}, turns: {} };
    const state = { root, undo: [{ address: "c", node: "c", input: null }] };
    const checkpoint = logOf({ type: "checkpoint.created", data: { state } });
    expect(check(["d", "c"], [], checkpoint)).toEqual([
      "rules.drop.0: the run's checkpoint stands right behind d, and would lose what it gave",
      "rules.drop.1: c has something to take back",
    ]);
  });

  test("names that lead two nodes to one first name; the way back is none of these", () => {
    const there = { rename: { a: "b" } };
    expect(violationsOf(() => assertDistinct([there], graphOf("b")))).toEqual([]);
    expect(violationsOf(() => assertDistinct([there, { rename: { b: "a" } }], graphOf("a")))).toEqual([]);
    expect(violationsOf(() => assertDistinct([there], graphOf("b", "a")))[0]).toContain("as that of b");
    expect(violationsOf(() => assertDistinct([{ drop: ["a"] }], graphOf("a")))[0]).toContain("which was dropped");
    const often = Array.from({ length: 33 }, () => ({ drop: ["x"] }));
    expect(violationsOf(() => assertDistinct(often, graphOf("b")))[0]).toContain("32 times already");
  });
});

test("declared rules are taken as far as the run's graph has such nodes", () => {
  // Also a name of each of several revisions before it.
  const declared = { rename: { a: "x", older: "x" }, drop: ["b", "oldest"] };
  expect(MigrationRules.safeParse(declared).success).toBe(true);
  expect(rulesFor(declared, graphOf("a", "b"))).toEqual({ rename: { a: "x" }, drop: ["b"] });
  expect(rulesFor(declared, graphOf("a"))).toEqual({ rename: { a: "x" } });
  expect(rulesFor(declared, graphOf("c"))).toBeNull();
});

test("of more rules than there may be none is looked at", () => {
  const rename = Object.fromEntries(Array.from({ length: 1001 }, (_, index) => [`a${index}`, `a${index}`]));
  const { error } = MigrationRules.safeParse({ rename, drop: ["a1"] });
  expect(error?.issues.map(({ path, message }) => [path, message])).toEqual([
    [["rename"], "expected at most 1000 nodes"],
  ]);
});
