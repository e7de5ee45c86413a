import type { WorkflowGraph, WorkflowNode } from "@agentcore/contract/authoring";
import { expect, test } from "vitest";
import type { GraphSchemas } from "./check-expressions.ts";
import { checkGraph } from "./check-graph.ts";

const task = (next: string, more: object = {}): WorkflowNode => ({
  type: "task",
  target: { agent: "worker" },
  next,
  ...more,
});
const END: WorkflowNode = { type: "end" };
const graph = (nodes: Record<string, WorkflowNode>): WorkflowGraph => ({ start: "a", nodes: { ...nodes, end: END } });
const faults = (nodes: Record<string, WorkflowNode>, schemas?: GraphSchemas): string[] =>
  checkGraph(graph(nodes), {}, schemas).map(({ field, description }) => `${field}: ${description}`);

test("a graph in order has no faults", () => {
  expect(
    faults({
      a: task("fork"),
      fork: { type: "parallel", branches: { left: "l", right: "r" }, join: "meet" },
      l: task("meet"),
      r: task("each"),
      each: { type: "map", over: "nodes.a.list", body: "item", next: "meet" },
      item: task("each", { input: { value: "${item}", at: "${index}" } }),
      meet: { type: "join", next: "grow" },
      grow: { type: "loop", body: "turn", until: "turn > 2 && nodes.turn.done", maxTurns: 9, next: "good" },
      turn: task("grow", { input: "${nodes.l}" }),
      good: { type: "gate", pass: "nodes.turn.score > 0.8 || turn > 1", again: "grow", next: "end", otherwise: "no" },
      no: { type: "fail", message: "not good: ${nodes.turn.score}" },
    }),
  ).toEqual([]);
});

test.each<[string, Record<string, WorkflowNode>, string[]]>([
  ["a dead end", { a: task("b") }, ['nodes.a.next: there is no node "b"', "nodes.end: no way leads to this node"]],
  ["an unreachable node", { a: task("end"), b: task("end") }, ["nodes.b: no way leads to this node"]],
  [
    "an unbounded cycle",
    { a: task("b"), b: { type: "decision", cases: [{ when: "true", next: "a" }], otherwise: "end" } },
    ["nodes.b.cases[0].next: a → b → a goes round without a bound; go back by a gate or a loop"],
  ],
  [
    "a branch that goes its own way",
    {
      a: { type: "parallel", branches: { x: "b", y: "c" }, join: "j" },
      b: task("j"),
      c: task("d"),
      j: { type: "join", next: "d" },
      d: task("end"),
    },
    [
      'nodes.c.next: "d" belongs to the workflow itself, this is the branch "a.y"; expected a node of the same, or its end "j"',
    ],
  ],
  [
    "a body that does nothing",
    { a: { type: "loop", body: "a", maxTurns: 3, next: "end" } },
    ["nodes.a.body: expected a node that does something"],
  ],
  [
    "a join that no parallel has, and one that is none",
    {
      a: task("j"),
      j: { type: "join", next: "b" },
      b: { type: "parallel", branches: { x: "c" }, join: "d" },
      c: task("d"),
      d: task("end"),
    },
    ['nodes.a.next: only the branches of its parallel lead to the join "j"; expected a node of the workflow itself'],
  ],
  [
    "a join that is none",
    { a: { type: "parallel", branches: { x: "b" }, join: "end" }, b: task("end") },
    ['nodes.a.join: "end" is of type end; expected a join'],
  ],
  [
    "a gate that goes forward",
    { a: { type: "gate", pass: "true", again: "b", next: "b" }, b: task("end") },
    ['nodes.a.again: "b" does not lead to "a"; expected a node before it, in the same branch or body'],
  ],
  [
    "a function that a graph without code cannot have",
    { a: { type: "custom", function: "f", next: "end" } },
    ['nodes.a.function: there is no function "f"; a graph without code has none: use an expression or an agent'],
  ],
  [
    "a way for what nobody can choose",
    {
      a: { type: "approval", prompt: "Pay?", choices: ["pay", "wait"], on: { pay: "end", aprove: "end" }, next: "end" },
    },
    ['nodes.a.on.aprove: nobody can choose "aprove"; expected one of pay, wait'],
  ],
  [
    "a way for what is none of the choices that there are by default",
    { a: { type: "approval", prompt: "Pay?", on: { no: "end" }, next: "end" } },
    ['nodes.a.on.no: nobody can choose "no"; expected one of approve, reject'],
  ],
  [
    "more people who must agree than are asked",
    { a: { type: "approval", prompt: "Pay?", approvers: ["ann", "bob"], fourEyes: 3, next: "end" } },
    ["nodes.a.fourEyes: 3 different people must agree, there are 2 approvers"],
  ],
  [
    "more people who must agree than are asked in the end",
    {
      a: {
        ...{ type: "approval", prompt: "Pay?", approvers: ["ann"], fourEyes: 3, next: "end" },
        escalate: { after: "1h", to: ["ann", "bob"] },
      },
    },
    ["nodes.a.fourEyes: 3 different people must agree, there are 2 approvers, with those it is escalated to"],
  ],
  [
    "a join that needs more than there are",
    {
      a: { type: "parallel", branches: { x: "b", y: "c" }, join: "j" },
      b: task("j"),
      c: task("j"),
      j: { type: "join", need: 3, next: "end" },
    },
    ["nodes.j.need: expected 1 to 2, as many as there are branches"],
  ],
  [
    "a way out of a loop that asks nothing",
    { a: { type: "loop", body: "b", maxTurns: 3, next: "end", otherwise: "end" }, b: task("a") },
    ["nodes.a.otherwise: without `until` the loop takes all its turns and goes on to `next`"],
  ],
  [
    "a way for what does not come in time, without a time",
    { a: { type: "wait", signal: "paid", otherwise: "end", next: "end" } },
    ["nodes.a.otherwise: without `timeout` it waits until it comes, however long"],
  ],
  [
    "a time for a time",
    { a: { type: "wait", duration: "1h", timeout: "2h", otherwise: "end", next: "end" } },
    ["nodes.a.timeout: it is for a signal or an event; a time comes by itself"],
  ],
  [
    "a signal that nobody can send",
    { a: { type: "wait", signal: "has been paid", next: "end" } },
    ["nodes.a.signal: expected a name of 1 to 200 letters, digits or ._:-"],
  ],
])("%s is refused with its place", (_name, nodes, expected) => {
  const found = faults(nodes);
  for (const each of expected) expect(found).toContainEqual(each);
});

test.each<[string, string, string]>([
  ["what comes later", "${nodes.z}", 'nodes.z: it cannot have run before "b", or what it gave is not seen there'],
  ["another branch", "${nodes.other}", 'nodes.other: it cannot have run before "b", or what it gave is not seen there'],
  ["itself", "${nodes.b}", 'nodes.b: it cannot have run before "b", or what it gave is not seen there'],
  ["a node that gives nothing", "${nodes.fork}", 'nodes.fork: a parallel gives nothing; read its join "meet"'],
  ["no node", "${nodes.nope}", 'nodes.nope: there is no node "nope"'],
  ["an item outside of a map", "${item}", "there is an item within the body of a map only"],
  ["a turn outside of a loop", "${turn}", "there is a turn within a loop and in a gate only"],
  ["branches outside of a merge", "${branches}", "there are branches in `merge` of a join only"],
  ["an error that nobody catches", "${errors.a}", 'errors.a: there is no node "a" with a `catch`'],
  ["what the input never has", "${input.amonut}", "input.amonut: there is no such member; there are amount"],
])("an expression that reads %s is refused with its place", (_name, text, expected) => {
  const input = { type: "object", properties: { amount: { type: "number" } }, additionalProperties: false };
  const nodes: Record<string, WorkflowNode> = {
    a: task("fork"),
    fork: { type: "parallel", branches: { x: "b", y: "other" }, join: "meet" },
    b: task("meet", { input: { value: text } }),
    other: task("meet"),
    meet: { type: "join", next: "z" },
    z: task("end"),
  };
  expect(faults(nodes, { input })).toEqual([`nodes.b.input: ${expected}`]);
});

test("an undo sees its node's own output; after a join there is what the branches gave", () => {
  expect(
    faults({
      a: task("fork", { undo: { target: { agent: "undo" }, input: "${nodes.a.id}" } }),
      fork: { type: "parallel", branches: { x: "b" }, join: "meet" },
      b: task("meet"),
      meet: { type: "join", next: "z" },
      z: task("end", { input: "${nodes.b}" }),
    }),
  ).toEqual([]);
});

test("what does not fit the agent's input is refused with the member", () => {
  const schemas: GraphSchemas = {
    input: { type: "object", properties: { name: { type: "string" } }, additionalProperties: false },
    inputs: { a: { type: "object", properties: { age: { type: "number" } }, required: ["age"] } },
  };
  expect(faults({ a: task("end", { input: { age: "${input.name}" } }) }, schemas)).toEqual([
    "nodes.a.input.age: expected a number, it gives a string",
  ]);
  expect(faults({ a: task("end", { input: { year: 3 } }) }, schemas)[0]).toContain("nodes.a.input");
});

test("a condition that is none is refused", () => {
  expect(faults({ a: { type: "decision", cases: [{ when: "1 + 1", next: "end" }], otherwise: "end" } })).toEqual([
    "nodes.a.cases[0].when: expected true or false, it gives integer",
  ]);
});

test("a name that every object has leads nowhere, and no node has it", () => {
  expect(faults({ a: task("toString") })).toContain('nodes.a.next: there is no node "toString"');
  expect(faults({ a: task("constructor"), constructor: task("end") })).toContain(
    "nodes.constructor: every object has a member of this name; choose another",
  );
});

test("people who are asked after an escalation count with those who must agree, and so does whoever may when nobody is named", () => {
  const ask = (more: object): WorkflowNode => ({ type: "approval", prompt: "Pay?", fourEyes: 2, next: "end", ...more });
  expect(faults({ a: ask({ approvers: ["ann"], escalate: { after: "1h", to: ["bob"] } }) })).toEqual([]);
  expect(faults({ a: ask({}) })).toEqual([]);
});

const self = (next: string, more: object = {}): WorkflowNode => ({ type: "workflow", workflow: "own", next, ...more });
test.each<[string, Record<string, WorkflowNode>, string[]]>([
  ["at once", { a: self("end") }, ["nodes.a.workflow"]],
  ["as an agent", { a: { type: "task", target: { agent: "own" }, next: "end" } }, ["nodes.a.target.agent"]],
  [
    "on each of its ways",
    { a: { type: "decision", cases: [{ when: "true", next: "b" }], otherwise: "c" }, b: self("end"), c: self("end") },
    ["nodes.b.workflow", "nodes.c.workflow"],
  ],
  ["in each turn", { a: { type: "loop", body: "b", maxTurns: 2, next: "end" }, b: self("a") }, ["nodes.b.workflow"]],
  [
    "in a branch that all wait for",
    {
      a: { type: "parallel", branches: { x: "b", y: "c" }, join: "j" },
      b: self("j"),
      c: task("j"),
      j: { type: "join", next: "end" },
    },
    ["nodes.b.workflow"],
  ],
  [
    "on one way of two",
    { a: { type: "decision", cases: [{ when: "true", next: "b" }], otherwise: "end" }, b: self("end") },
    [],
  ],
  ["for each of a list", { a: { type: "map", over: "input.parts", body: "b", next: "end" }, b: self("a") }, []],
  [
    "in a branch that another may win",
    {
      a: { type: "parallel", branches: { x: "b", y: "c" }, join: "j" },
      b: self("j"),
      c: task("j"),
      j: { type: "join", merge: "first", next: "end" },
    },
    [],
  ],
  ["with a way for its failure", { a: self("end", { catch: "b" }), b: task("end") }, []],
  ["by a name that is another's", { a: { type: "workflow", workflow: "other", next: "end" } }, []],
])("a workflow that calls itself %s is refused when no way leads around that", (_name, nodes, expected) => {
  expect(checkGraph(graph(nodes), {}, { name: "own" }).map(({ field }) => field)).toEqual(expected);
});

test("a definition that lies within itself is refused in words, and one that is nested deep too", () => {
  const circle: Record<string, unknown> = { left: null };
  circle["left"] = circle;
  circle["right"] = { circle };
  let deep: unknown = 1;
  for (let depth = 0; depth < 100_000; depth++) deep = [deep];
  for (const input of [circle, deep]) {
    const [fault, ...others] = faults({ a: task("end", { input }) });
    expect(others).toEqual([]);
    expect(fault).toMatch(/^nodes\.a\.input[.[].*: nested deeper than 64$/);
  }
});
