import { PlatformError } from "@agentcore/contract";
import fc from "fast-check";
import { expect, test } from "vitest";
import { compileExpression } from "./compile-expression.ts";
import type { WorkflowScope } from "./workflow-scope.ts";

const scope: WorkflowScope = {
  input: { customer: "Ann", amount: 1200, tags: ["new", "web"], ratio: 0.5, none: null, flag: false },
  nodes: {
    risk: { score: 0.83, reasons: ["age", "amount"] },
    "credit-score": { points: 640 },
    list: [
      { id: 1, ok: true },
      { id: 2, ok: false },
      { id: 3, ok: true },
    ],
  },
  errors: {},
  turn: 2,
};
const evaluate = (text: string): unknown => compileExpression(text).evaluate(scope);
const codeAndMessage = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (PlatformError.is(error)) return `${error.code}: ${error.message}`;
    throw error;
  }
  return "nothing thrown";
};

test.each([
  ["nodes.risk.score > 0.8", true],
  ["nodes.list.size() == 3", true],
  ["input.amount == 1200", true],
  ["1200 == input.amount", true],
  ["size(input.tags) > 1", true],
  ["turn < 3", true],
  ["turn + 1", 3],
  ["turn % 2 == 0", true],
  ["input.amount / 5", 240],
  ["turn / 4", 0.5],
  ["-turn", -2],
  ["3 in nodes.list.map(each, each.id)", true],
  ["turn in [1, 2]", true],
  ["nodes.list[turn].id", 3],
  ["nodes.list[1.0].id", 2],
  ["nodes.list[1.0]", { id: 2, ok: false }],
  ['input.tags.join(", ") + [].join("x")', "new, web"],
  ["nodes.list[turn - 1].id", 2],
  ['nodes["credit-score"].points', 640],
  [
    'nodes.list.filter(each, each.ok).map(each, {"id": each.id, "next": each.id + 1})',
    [
      { id: 1, next: 2 },
      { id: 3, next: 4 },
    ],
  ],
  ["nodes.list.exists(each, each.id == 2 && !each.ok)", true],
  ["nodes.list.all(each, each.id > 0)", true],
  ["has(nodes.other) ? nodes.other.score : 0", 0],
  ["nodes.?other.?score.orValue(7)", 7],
  ['"risk" in nodes', true],
  ["input.none == null", true],
  ['[1, "a", input.ratio, null]', [1, "a", 0.5, null]],
  ['timestamp("2026-01-31T12:00:00Z") + duration("36h")', "2026-02-02T00:00:00.000Z"],
  ["5u", 5],
  ['string(turn) + " of " + string(3)', "2 of 3"],
  ['input.tags.join(", ")', "new, web"],
])("%s", (text, expected) => {
  expect(evaluate(text)).toStrictEqual(expected);
  // In a macro, where it is evaluated in the form that is counted.
  expect(evaluate(`[0].map(one, ${text})`)).toStrictEqual([expected]);
});

test.each([
  ["turn +", "INVALID_ARGUMENT: the expression `turn +` is not valid: at character 7: Unexpected token: EOF"],
  [
    "node.x > 1",
    "INVALID_ARGUMENT: the expression `node.x > 1` is not valid: at character 1: Unknown variable: node; there are input, nodes,",
  ],
  [
    '"a" == 1',
    'INVALID_ARGUMENT: the expression `"a" == 1` is not valid: at character 1: no such overload: string == int',
  ],
  ["nodes.?other", "what it gives is no JSON: it is optional; end with .orValue(…)"],
  ['duration("3s")', "what it gives is no JSON: it is a duration; getSeconds()"],
  ['b"abc"', "it is bytes; base64()"],
  ["type(1)", "it is a type or a namespace of CEL"],
  ["cel", "it is a type or a namespace of CEL"],
  [`turn ${"+ 1".repeat(2000)}`, "it has 6005 characters, at most 4096 are allowed"],
  [`${"(".repeat(40)}1${")".repeat(40)}`, "Exceeded maxDepth"],
])("refuses %s", (text, message) => {
  expect(codeAndMessage(() => compileExpression(text))).toContain(message);
});

test.each([
  [
    "nodes.risk.points > 1",
    "failed at `nodes.risk.points`: No such key: points; ask for it with has(nodes.risk.points) first",
  ],
  [
    "input.customer + 1",
    "failed at `input.customer + 1`: no such overload: dyn<string> + int; int(…), double(…) and string(…) convert",
  ],
  ["item.name", "failed at `item`: Unknown variable: item, which has no value where this stands"],
  ['nodes["risk"].points', "No such key: points; ask for it with has(…) first"],
  ["input.none.name", "failed at `input.none.name`: No such key: name"],
  ["turn ? 1 : 2", "Ternary condition must be bool, got 'double'; compare with something"],
  ["nodes.list[7]", "index 7 >= size 3; ask for the size first"],
  ["9007199254740993", "it is 9007199254740993, more than a number of JSON holds exactly"],
  ["input.amount / 0", "it is Infinity, which is no number of JSON"],
  ["[nodes.?other]", "it is optional; end with .orValue(…)"],
  ['dyn(duration("3s"))', "it is a duration; getSeconds()"],
  ['[b"abc"]', "it is bytes; base64()"],
  ["[type(1)]", "it is a type or a namespace of CEL"],
])("says what failed: %s", (text, message) => {
  expect(codeAndMessage(() => evaluate(text))).toMatch(/^EXPRESSION_FAILED: the expression `/);
  expect(codeAndMessage(() => evaluate(text))).toContain(message);
});

test.each(["constructor", "__proto__", "toString", "hasOwnProperty", "length"])(
  "%s is no member of anything",
  (name) => {
    for (const holder of ["input", "input.tags", "input.customer", "nodes.risk", "nodes.list[0]", "turn", "errors"]) {
      expect(codeAndMessage(() => evaluate(`${holder}["${name}"]`))).toMatch(/^EXPRESSION_FAILED.*No such key/);
      expect(codeAndMessage(() => evaluate(`${holder}.${name}`))).toMatch(/^EXPRESSION_FAILED.*No such key/);
    }
    expect(evaluate(`has(input.${name})`)).toBe(false);
  },
);

test("members with such names are found where data has them", () => {
  const input: unknown = JSON.parse('{"__proto__": 1, "constructor": 2, "a b": 3}');
  for (const [text, value] of [
    ["input.__proto__", 1],
    ['input["__proto__"]', 1],
    ["input.constructor", 2],
    ['input["a b"]', 3],
  ] as const)
    expect(compileExpression(text).evaluate({ input })).toBe(value);
  expect(compileExpression("{'k': input}").evaluate({ input })).toStrictEqual({ k: input });
  expect(compileExpression("[input].map(each, each.constructor + 1)").evaluate({ input })).toStrictEqual([3]);
  expect(compileExpression("nodes.?team.?constructor.orValue(0)").evaluate({ nodes: { team: input } })).toBe(2);
  expect(compileExpression("nodes.?team.orValue(0)").evaluate({ nodes: { team: input } })).toStrictEqual(input);
  const bare: unknown = Object.assign(Object.create(null), { a: 1 });
  expect(compileExpression("input.a + 1").evaluate({ input: bare })).toBe(2);
});

test("a part of the scope is given as it is, without a copy", () => {
  const big = { items: Array.from({ length: 1000 }, (_, id) => ({ id })) };
  expect(compileExpression("nodes.big").evaluate({ nodes: { big } })).toBe(big);
  expect(compileExpression("nodes.big.items.filter(each, each.id == 7)[0]").evaluate({ nodes: { big } })).toBe(
    big.items[7],
  );
});

test.each([
  ["nodes.risk.score > 0.8", [{ path: ["nodes", "risk", "score"], guarded: false }]],
  ['nodes["credit-score"].points', [{ path: ["nodes", "credit-score", "points"], guarded: false }]],
  ["nodes.list[0].id", [{ path: ["nodes", "list", 0, "id"], guarded: false }]],
  [
    "nodes.list[turn].id",
    [
      { path: ["nodes", "list"], guarded: false },
      { path: ["turn"], guarded: false },
    ],
  ],
  [
    "has(nodes.a.x)",
    [
      { path: ["nodes", "a"], guarded: false },
      { path: ["nodes", "a", "x"], guarded: true },
    ],
  ],
  [
    "has(nodes.a) && nodes.a.x > 1",
    [
      { path: ["nodes", "a"], guarded: true },
      { path: ["nodes", "a", "x"], guarded: true },
    ],
  ],
  [
    '!("a" in nodes) || nodes["a"].x',
    [
      { path: ["nodes"], guarded: false },
      { path: ["nodes", "a", "x"], guarded: true },
    ],
  ],
  [
    "nodes.?a.?x.orValue(input.y)",
    [
      { path: ["nodes"], guarded: false },
      { path: ["nodes", "a", "x"], guarded: true },
      { path: ["input", "y"], guarded: false },
    ],
  ],
  [
    "input.xs.map(turn, turn + index)",
    [
      { path: ["input", "xs"], guarded: false },
      { path: ["index"], guarded: false },
    ],
  ],
  [
    "cel.bind(item, input.a, item.b + previous)",
    [
      { path: ["input", "a"], guarded: false },
      { path: ["previous"], guarded: false },
    ],
  ],
])("finds what %s reads", (text, references) => {
  expect(compileExpression(text).references).toStrictEqual(references);
});

test("keys of a map may be computed, and be called anything", () => {
  const made = evaluate('{input.customer: 1, "constructor": 2, "__proto__": [turn], 7: "x"}');
  expect(JSON.stringify(made)).toBe('{"7":"x","Ann":1,"constructor":2,"__proto__":[2]}');
  expect(evaluate('{"constructor": {"a": 2}}.constructor.a + 1')).toBe(3);
});

test("patterns are matched in time that grows with the text", () => {
  expect(evaluate('input.customer.matches("^A(n+)+$")')).toBe(true);
  expect(evaluate('input.tags.exists(tag, tag.matches("^" + input.tags[0]))')).toBe(true);
  const hard = compileExpression('input.matches("^(a+)+$")');
  expect(hard.evaluate({ input: `${"a".repeat(10_000)}!` })).toBe(false);
  expect(codeAndMessage(() => compileExpression('input.matches("(a")'))).toContain(
    'INVALID_ARGUMENT: the expression `input.matches("(a")` is not valid: the pattern of matches() cannot be used: a group that is not closed',
  );
  expect(codeAndMessage(() => evaluate("input.customer.matches(input.customer + '(')"))).toContain("EXPRESSION_FAILED");
});

test.each([
  "input.exists(a, input.exists(b, a + b < 0))",
  "input.all(a, input.all(b, a + b >= 0))",
  "input.map(a, input.map(b, input.map(c, c)))",
  "input.exists(a, input.map(b, input.filter(c, c < 0)).size() < 0)",
  "input.exists_one(a, input.exists_one(b, a == b))",
  "input.filter(a, [input, input] == [input.map(x, x), input])",
  "input.exists(a, false || input.exists(b, input.exists(c, c < 0)))",
  "[[input].map(a, a + a + a + a)[0]].map(a, a + a + a + a).map(a, a + a + a + a).map(a, a + a + a + a).map(a, a + a + a + a)",
  "cel.bind(a, input + input + input + input, cel.bind(b, a + a + a + a, cel.bind(c, b + b + b + b, c + c + c + c)))",
  `[${Array.from({ length: 20 }, () => "input").join(" + ")}].size()`,
  "input.map(a, string(a)).join(input.map(a, string(a)).join())",
  "input.map(a, string(a).matches('(a?){500}b'))",
  "input.map(a, input.map(b, string(b)).join('').split(''))",
])("ends %s before it holds everything up", (text) => {
  const input = Array.from({ length: 40_000 }, (_, index) => index);
  const expression = compileExpression(text);
  expect(codeAndMessage(() => expression.evaluate({ input }))).toContain(
    "failed: it takes more than 5000000 steps; use shorter lists, fewer macros within macros",
  );
});

test("lists of some thousands are looked up in each other", () => {
  const input = Array.from({ length: 3_000 }, (_, index) => index);
  expect(compileExpression("input.filter(a, a in input && a % 2 == 0).size()").evaluate({ input })).toBe(1_500);
});

test("says where it failed within a macro", () => {
  expect(codeAndMessage(() => evaluate("nodes.list.map(each, (each.id + 1) * each.points)"))).toContain(
    "failed at `each.points`: No such key: points",
  );
  expect(codeAndMessage(() => evaluate("nodes.list.filter(each, each.id)"))).toContain(
    "failed at `each.id`: filter(var, predicate) predicate must return bool, got 'double'",
  );
});

/** JSON as CEL writes it. */
const toCel = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(toCel).join(", ")}]`;
  if (typeof value === "object" && value !== null)
    return `{${Object.entries(value)
      .map(([key, member]) => `${JSON.stringify(key)}: ${toCel(member)}`)
      .join(", ")}}`;
  return JSON.stringify(value);
};
const key = fc.oneof(fc.string(), fc.constantFrom("__proto__", "constructor", "toString", "a"));
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(null, true, false),
    fc.integer(),
    fc
      .double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 })
      .map((number) => Math.round(number * 1000) / 1000 + 0),
    fc.string(),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.array(fc.tuple(key, tie("value")), { maxLength: 4 }).map((members) => Object.fromEntries(members)),
  ),
})).value;

test("JSON goes in and comes out as it was: from the scope, within what is made, through macros, and written as CEL", () => {
  fc.assert(
    fc.property(json, (input) => {
      const text = JSON.stringify(input);
      const same = (expression: string, expected: string): void =>
        expect(JSON.stringify(compileExpression(expression).evaluate({ input }))).toBe(expected);
      same("input", text);
      same('{"a": [input]}', `{"a":[${text}]}`);
      same("[input].map(each, each)", `[${text}]`);
      same("input == input", "true");
      if (text.length < 500) same(toCel(input), text);
    }),
    { numRuns: 1000 },
  );
});

test("whatever people write is evaluated, or refused in words", () => {
  const words = [
    "input",
    "nodes",
    ".a",
    ".?a",
    '["a"]',
    "[0]",
    "+",
    "-",
    "&&",
    "?",
    ":",
    "(",
    ")",
    "{",
    "}",
    "1",
    "'x'",
    "has(",
    ".map(x, ",
    "x",
    ",",
    "==",
    "in",
  ];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...words), { maxLength: 12 }), (parts) => {
      const text = parts.join(" ");
      expect(
        codeAndMessage(() => {
          JSON.stringify(compileExpression(text).evaluate({ input: { a: [1, { a: 2 }] }, nodes: {} }));
        }),
      ).toMatch(/^(nothing thrown|INVALID_ARGUMENT: the expression|EXPRESSION_FAILED: the expression)/);
    }),
    { numRuns: 3000 },
  );
});
