/** Every expression and template of a graph, compiled: what is none, each with its place. Pure. */
import { type FieldViolation, PlatformError } from "@agentcore/contract";
import type { WorkflowGraph, WorkflowNode } from "@agentcore/contract/authoring";
import { compileExpression, compileTemplate, type Reference } from "./expressions/index.ts";

export const expressionFaults = (graph: WorkflowGraph): readonly FieldViolation[] =>
  Object.entries(graph.nodes).flatMap(([id, node]) =>
    expressionsOf(node).flatMap(({ field, value, isTemplate }) => {
      const place = `nodes.${id}.${field}`;
      if (typeof value === "object" && value !== null && "$function" in value) return [];
      try {
        const compiled = isTemplate ? compileTemplate(value) : compileExpression(String(value));
        return unknownNodes(compiled.references, graph).map((description) => ({ field: place, description }));
      } catch (thrown) {
        const { message, violations = [] } = PlatformError.from(thrown);
        const [{ field: below = "", description = message } = {}] = violations;
        return [{ field: below === "" ? place : `${place}.${below}`, description }];
      }
    }),
  );

/** `nodes.x` and `errors.x` of nodes that there are none. */
const unknownNodes = (references: readonly Reference[], { nodes }: WorkflowGraph): readonly string[] => {
  const names = references.flatMap(({ path: [variable, name] }) =>
    (variable === "nodes" || variable === "errors") && typeof name === "string" && !Object.hasOwn(nodes, name)
      ? [`${variable}.${name}: there is no node "${name}"`]
      : [],
  );
  return [...new Set(names)];
};

interface Place {
  readonly field: string;
  readonly value: unknown;
  readonly isTemplate: boolean;
}

const expressionsOf = (node: WorkflowNode): readonly Place[] => {
  const some = (isTemplate: boolean, places: Readonly<Record<string, unknown>>): readonly Place[] =>
    Object.entries(places).flatMap(([field, value]) => (value === undefined ? [] : [{ field, value, isTemplate }]));
  switch (node.type) {
    case "task":
    case "workflow":
    case "custom":
      return some(true, { input: node.input, "undo.input": node.undo?.input });
    case "wait":
      return some(false, { until: node.until, "event.where": node.event?.where });
    case "approval":
      return some(true, { prompt: node.prompt, show: node.show });
    case "decision":
      return some(false, Object.fromEntries(node.cases.map(({ when }, index) => [`cases[${index}].when`, when])));
    case "join":
      return some(false, { "merge.value": typeof node.merge === "object" ? node.merge.value : undefined });
    case "map":
      return some(false, { over: node.over });
    case "loop":
      return some(false, { until: node.until });
    case "gate":
      return some(false, { pass: node.pass });
    case "end":
      return some(true, { output: node.output });
    case "fail":
      return some(true, { message: node.message });
    case "parallel":
      return [];
  }
};
