import { expect, test } from "vitest";
import { compileExpression } from "../expressions/index.ts";
import { bindingsOf } from "./bindings-of.ts";

const scope = {
  input: { order: 7, customer: { name: "Ann", mail: "ann@example.com" }, tags: ["a", "b"] },
  nodes: { risk: { score: 0.8, reasons: ["age"] }, offer: null },
  errors: {},
  previous: null,
};
const bindings = (where: string) => bindingsOf(compileExpression(where).references, scope);

test.for([
  ["event.payload.order == input.order", { input: { order: 7 } }],
  ["event.payload.name == input.customer.name && input.order > 1", { input: { customer: { name: "Ann" }, order: 7 } }],
  ["event.payload == input.tags[0]", { input: { tags: ["a", "b"] } }],
  ["input.customer == event.payload || input.customer.name == 'x'", { input: { customer: scope.input.customer } }],
  ["event.payload.score > nodes.risk.score", { nodes: { risk: { score: 0.8 } } }],
  ["has(errors.pay.code) || event.payload == previous", { errors: {}, previous: null }],
  ["event.payload == nodes.offer", { nodes: { offer: null } }],
  ["input.tags.exists(tag, tag == event.payload)", { input: { tags: ["a", "b"] } }],
  ["event.topic == 'a'", {}],
] as const)("%s reads no more than it needs", ([where, expected]) => {
  expect(bindings(where)).toEqual(expected);
});

test("a member named as no object's member can be written is taken along with what holds it", () => {
  const odd = { ...scope, input: JSON.parse('{"a":{"__proto__":{"b":1},"c":2}}') as unknown };
  const { references } = compileExpression('event.payload == input.a["__proto__"].b');
  expect(bindingsOf(references, odd)).toEqual({ input: odd.input });
});
