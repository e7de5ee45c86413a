import type { WorkflowGraph, WorkflowNode } from "@agentcore/contract/authoring";
import fc from "fast-check";
import { expect, test } from "vitest";
import { toMermaid } from "./mermaid.ts";

const GRAPH: WorkflowGraph = {
  start: "score",
  nodes: {
    score: { type: "task", target: { agent: "scorer" }, skill: "score", next: "size", catch: "end" },
    size: {
      type: "decision",
      cases: [{ when: 'input.kind == "large" && nodes.score > 3', next: "checks" }],
      otherwise: "each",
    },
    checks: { type: "parallel", branches: { fraud: "fraud", law: "law" }, join: "checked" },
    fraud: { type: "task", target: { capability: "fraud-check" }, next: "checked" },
    law: { type: "workflow", workflow: "law-check", next: "checked" },
    checked: { type: "join", merge: "assign", next: "each" },
    each: { type: "map", over: "input.items", body: "polish", next: "good" },
    polish: { type: "loop", body: "rub", until: "turn > 2", maxTurns: 5, next: "each" },
    rub: { type: "custom", function: "rub", next: "polish" },
    good: { type: "gate", pass: "previous.ok", again: "each", next: "pause", otherwise: "no" },
    pause: { type: "wait", duration: "2h", next: "ask" },
    ask: { type: "approval", prompt: "Pay ${input.amount}?", next: "end", on: { reject: "no" } },
    end: { type: "end" },
    no: { type: "fail", message: "it was refused" },
  },
};

test("a graph is drawn with its regions, its cases, and its ways back", () => {
  expect(toMermaid(GRAPH)).toMatchInlineSnapshot(`
    "flowchart TD
      n0["score<br/>scorer: score"]
      n1{"size"}
      n2{{"checks"}}
      n5{{"checked<br/>assign"}}
      n6[/"each<br/>over input.items"/]
      n9{"good<br/>previous.ok"}
      n10(["pause<br/>for 2h"])
      n11[/"ask<br/>Pay #36;#123;input.amount#125;?"\\]
      n12(("end"))
      n13((("no<br/>it was refused")))
      subgraph r0["checks.fraud"]
        n3["fraud<br/>fraud-check"]
      end
      subgraph r1["checks.law"]
        n4[["law<br/>law-check"]]
      end
      subgraph r2["each of each"]
        n7[/"polish<br/>until turn #62; 2"/]
        subgraph r3["each turn of polish"]
          n8["rub"]
        end
      end
      start((" ")) --> n0
      n0 --> n1
      n0 -.->|"failed"| n12
      n1 -->|"input.kind == #34;large#34; #38;#38; nodes.score #62; 3"| n2
      n1 -->|"otherwise"| n6
      n2 -->|"fraud"| n3
      n2 -->|"law"| n4
      n3 --> n5
      n4 --> n5
      n5 --> n6
      n6 -->|"each"| n7
      n6 --> n9
      n7 -->|"turn"| n8
      n7 --> n6
      n8 --> n7
      n9 -->|"passed"| n10
      n9 -.->|"again"| n6
      n9 -->|"not passed"| n13
      n10 --> n11
      n11 --> n12
      n11 -->|"reject"| n13
    "
  `);
});

test("a node that an edge leads to and is not there is drawn as such", () => {
  expect(toMermaid({ start: "a", nodes: { a: { type: "custom", function: "f", next: "end" } } })).toContain(
    'm0["end: not there"]',
  );
});

test("what reads as a list is none", () => {
  const of = (message: string) => toMermaid({ start: "a", nodes: { a: { type: "fail", message } } });
  expect(of("1. pay")).toContain('"a<br/>1#46; pay"');
  expect(of("- pay")).toContain('"a<br/>#45; pay"');
});

// One of these each line is, and nothing else: no text that people wrote ends a label or begins a line.
const LABEL = /"(?:[\p{L}\p{N} .,:=+/?!_…-]|#\d+;|<br\/>)*"/u.source;
const LINES = [
  /^flowchart TD$/,
  new RegExp(`^ +subgraph r\\d+\\[${LABEL}\\]$`, "u"),
  /^ +end$/,
  new RegExp(
    `^ +[nm]\\d+(?:\\[|\\[\\[|\\{|\\{\\{|\\[/|\\(\\[|\\(\\(|\\(\\(\\()${LABEL}(?:\\]|\\]\\]|\\}|\\}\\}|/\\]|\\\\\\]|\\]\\)|\\)\\)|\\)\\)\\))$`,
    "u",
  ),
  /^ +start\(\(" "\)\) --> [nm]\d+$/,
  new RegExp(`^ +[nm]\\d+ (?:-->|-\\.->)(?:\\|${LABEL}\\|)? [nm]\\d+$`, "u"),
];

const hostile = fc.oneof(
  fc.string({ unit: "binary", minLength: 1 }),
  fc.constantFrom(
    "end",
    '"]\nclick n0 "javascript:alert(1)"',
    "a`b",
    "#quot;",
    "%%{init}%%",
    "</br><script>",
    "\u2028",
    "x|y",
    "\ud800",
    "1. a",
    "- b",
    "*c*",
  ),
);
const name = fc.constantFrom("end", "graph", "subgraph", "style", "class", "o", "x", "constructor", "__proto__", "a-b");
const node = fc.oneof(
  fc.record({ type: fc.constant("task" as const), target: fc.record({ need: hostile }), next: name }),
  fc.record({ type: fc.constant("fail" as const), message: hostile }),
  fc.record({
    type: fc.constant("decision" as const),
    cases: fc.array(fc.record({ when: hostile, next: name }), { minLength: 1, maxLength: 3 }),
    otherwise: name,
  }),
  fc.record({ type: fc.constant("parallel" as const), branches: fc.dictionary(name, name), join: name }),
  fc.record({ type: fc.constant("map" as const), over: hostile, body: name, next: name }),
  fc.record({
    ...{ type: fc.constant("approval" as const), prompt: hostile, next: name },
    on: fc.dictionary(hostile, name),
  }),
) as fc.Arbitrary<WorkflowNode>;

test("whatever people write, it is a flowchart of as many nodes and edges", () => {
  fc.assert(
    fc.property(name, fc.dictionary(name, node, { minKeys: 1 }), (start, nodes) => {
      const text = toMermaid({ start, nodes });
      const lines = text.split("\n").slice(0, -1);
      for (const line of lines)
        expect(
          LINES.filter((kind) => kind.test(line)),
          line,
        ).toHaveLength(1);
      expect(lines.filter((line) => /^ +n\d+[[({]/.test(line))).toHaveLength(Object.keys(nodes).length);
      expect(lines.filter((line) => /^ +subgraph r/.test(line))).toHaveLength(
        lines.filter((line) => line.trim() === "end").length,
      );
    }),
    { numRuns: 500 },
  );
});
