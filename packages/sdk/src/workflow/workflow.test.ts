import type { Decision } from "@agentcore/contract/authoring";
import { describe, expect, expectTypeOf, test } from "vitest";
import { z } from "zod";
import { agent } from "../agent.ts";
import { workflow } from "./workflow.ts";
import { expression, template } from "./written.ts";

const First = agent({
  name: "first",
  description: "Takes x",
  input: z.object({ x: z.number() }),
  output: z.object({ y: z.string() }),
  run: () => ({ y: "1" }),
});
const Second = agent({
  name: "second",
  description: "Takes y",
  input: z.object({ y: z.string() }),
  output: z.object({ z: z.boolean() }),
  run: () => ({ z: true }),
});
const Input = z.object({ x: z.number(), list: z.array(z.number()) });

describe("types go from node to node", () => {
  test("through agents, steps, branches, ways, items, turns and gates", () => {
    const built = workflow("typed")
      .input(Input)
      .then(First, { as: "first" })
      .parallel("both", {
        second: Second,
        count: (path) => path.then(Second, { as: "again" }).step("length", ({ z: flag }) => (flag ? 1 : 2)),
      })
      .decide(
        "way",
        [
          {
            when: ({ nodes }) => nodes.both.count > 1 && nodes.first.y === "1",
            do: (path) => path.step("big", async ({ second }) => ({ big: second.z })),
          },
          { when: "true", do: (path) => path.fail("no", "nothing") },
        ],
        (path) => path.step("small", ({ count }) => ({ small: count })),
      )
      .map(
        "each",
        ({ input }) => input.list,
        (path) => path.step("twice", (item) => item * 2),
      )
      .loop("grow", (path) => path.step("push", (list) => list.concat(1)), {
        until: ({ previous, turn }) => previous.length > turn,
        maxTurns: 5,
      })
      .gate("good", { pass: ({ previous }) => previous.length > 1, again: "grow" })
      .step("last", (list) => list.length, { undo: (length) => void length.toFixed() })
      .build(({ previous, nodes }) => ({ length: previous, y: nodes.first.y, maybe: nodes.big?.big }));
    expectTypeOf<NonNullable<typeof built.run>>().returns.toEqualTypeOf<
      | Promise<{ length: number; y: string; maybe: boolean | undefined }>
      | { length: number; y: string; maybe: boolean | undefined }
    >();
    expect(built.workflow?.graph.start).toBe("first");
    expect(Object.keys(built.workflow?.graph.nodes ?? {})).toContain("both");
  });

  test("behind ways that meet again it is what either has given, and nothing of one that fails", () => {
    const start = workflow("ways").step("a", () => 1);
    const text = (given: string | number): string => `was ${given}`;
    start.gate("g", { pass: "true", again: "a", otherwise: (path) => path.step("b", text) }).step("z", (given) => {
      expectTypeOf(given).toEqualTypeOf<number | string>();
    });
    start.gate("g", { pass: "true", again: "a", otherwise: (path) => path.fail("b", "no") }).step("z", (given) => {
      expectTypeOf(given).toEqualTypeOf<number>();
    });
    start.gate("g", { pass: "true", again: "a" }).step("z", (given) => {
      expectTypeOf(given).toEqualTypeOf<number>();
    });
    const turns = { until: "previous.n > 1.0", maxTurns: 2 } as const;
    start
      .loop("l", (path) => path.step("t", (n) => ({ n })), {
        ...turns,
        otherwise: (path) => path.step("o", ({ n }) => text(n)),
      })
      .step("z", (given) => {
        expectTypeOf(given).toEqualTypeOf<{ n: number } | string>();
      });
    const late = { signal: "paid", timeout: "1h" } as const;
    start.wait<boolean>("w", { ...late, otherwise: (path) => path.fail("b", "late") }).step("z", (given) => {
      expectTypeOf(given).toEqualTypeOf<boolean>();
    });
    start.wait<boolean>("w", { ...late, otherwise: (path) => path.step("b", text) }).step("z", (given) => {
      expectTypeOf(given).toEqualTypeOf<unknown>();
    });
    start
      .approve("ask", {
        prompt: "Pay?",
        on: {
          approve: (path) => path.step("pay", ({ choice }) => ({ paid: choice })),
          reject: (path) => path.step("tell", () => ["told"]),
        },
        otherwise: (path) => path.step("b", text),
      })
      .step("z", (given, _step) => {
        expectTypeOf(given).toEqualTypeOf<Decision | { paid: string } | string[] | string>();
      });
    start.approve("ask", { prompt: "Pay?" }).step("z", (given) => {
      expectTypeOf(given).toEqualTypeOf<Decision>();
    });
  });

  test("and what does not fit is refused where it is written", () => {
    // @ts-expect-error it takes y, and x comes
    workflow("misfit").input(Input).then(Second);
    workflow("mapped")
      .input(Input)
      .then(Second, { input: ({ input }) => ({ y: String(input.x) }) });
    workflow("member")
      .input(Input)
      // @ts-expect-error there is no such member
      .step("none", (input) => input.nothing);
    workflow("unknown")
      .input(Input)
      .then(First, { as: "first" })
      // @ts-expect-error there is no such node
      .build(({ nodes }) => nodes.second);
  });
});

describe("what is written wrong is told where it is written", () => {
  test("two nodes of one name", () => {
    const twice = workflow("twice")
      .step("same", () => 1)
      .step("same", () => 2);
    expect(() => twice.build()).toThrow('workflow "twice": same: there is a node "same" already');
  });

  test("nothing in it, a part built, a path in place of the workflow", async () => {
    expect(() => workflow("empty").build()).toThrow("expected at least one node");
    expect(() =>
      workflow("part")
        .decide("d", [{ when: "true", do: (path) => path.step("a", () => 1).build() as never }])
        .build(),
    ).toThrow("not a part of it");
    await expect(Promise.resolve(workflow("path").step("a", () => 1))).rejects.toThrow(".build() at the end");
  });
});

test("a path that was used twice gives two workflows", () => {
  const base = workflow("base").step("a", () => 1);
  expect(Object.keys(base.step("b", () => 2).build().workflow?.graph.nodes ?? {})).toEqual(["a", "b", "end"]);
  expect(Object.keys(base.step("c", () => 3).build().workflow?.graph.nodes ?? {})).toEqual(["a", "c", "end"]);
});

test("data in CEL and templates in place of functions makes a graph of plain JSON", () => {
  const built = workflow("plain")
    .input(Input)
    .then(First, { as: "first", input: template({ x: "${input.x}" }) })
    .map("each", expression<readonly number[]>("input.list"), (path) =>
      path.then({ target: expression(`{"capability": "count"}`) }, { as: "count" }),
    )
    .parallel(
      "both",
      { a: (path) => path.step("a", () => 1), b: (path) => path.step("b", () => 2) },
      {
        merge: expression<number>("size(branches)"),
        until: "size(branches) == 1",
      },
    )
    .build(expression<string>("nodes.first.y"));
  expectTypeOf<NonNullable<typeof built.run>>().returns.toEqualTypeOf<Promise<string> | string>();
  expect(Object.keys(built.workflow?.functions ?? {})).toEqual(["a", "b"]);
  expect(JSON.parse(JSON.stringify(built.workflow?.graph.nodes))).toMatchObject({
    first: { input: { x: "${input.x}" } },
    each: { over: "input.list" },
    count: { target: `\${{"capability": "count"}}` },
    both: { merge: { value: "size(branches)" }, until: "size(branches) == 1" },
    end: { output: "${nodes.first.y}" },
  });
  expect(() =>
    workflow("misplaced")
      .map("each", template<readonly number[]>("${input.list}"), (path) => path.step("a", () => 1))
      .build(),
  ).toThrow('workflow "misplaced": each.over: expected a function or expression(…), got template(…)');
});
