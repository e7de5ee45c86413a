import type { FunctionReference } from "@agentcore/contract";
import type { WorkflowNode } from "@agentcore/contract/authoring";

/** Where a node evaluates something, and what it sees there beyond what all see. */
export interface ExpressionPlace {
  /** As in `cases[0].when`. */
  readonly field: string;
  readonly kind: "condition" | "value" | "template";
  readonly value: unknown;
  /** Its own output is there: it has completed. */
  readonly seesItself?: boolean;
  readonly variables?: readonly ("turn" | "branches" | "event")[];
}

export const expressionsOf = (node: WorkflowNode): readonly ExpressionPlace[] =>
  placesOf(node).filter(({ value }) => value !== undefined && !isReference(value));

const isReference = (value: unknown): value is FunctionReference =>
  typeof value === "object" && value !== null && "$function" in value;

const placesOf = (node: WorkflowNode): readonly ExpressionPlace[] => {
  switch (node.type) {
    case "task":
      return [
        { field: "target", kind: "template", value: typeof node.target === "string" ? node.target : undefined },
        { field: "input", kind: "template", value: node.input },
        { field: "undo.input", kind: "template", value: node.undo?.input, seesItself: true },
      ];
    case "workflow":
    case "custom":
      return [
        { field: "input", kind: "template", value: node.input },
        { field: "undo.input", kind: "template", value: node.undo?.input, seesItself: true },
      ];
    case "wait":
      return [
        { field: "until", kind: "value", value: node.until },
        { field: "event.where", kind: "condition", value: node.event?.where, variables: ["event"] },
      ];
    case "approval":
      return [
        { field: "prompt", kind: "template", value: node.prompt },
        { field: "show", kind: "template", value: node.show },
      ];
    case "decision":
      return node.cases.map(({ when }, index) => ({ field: `cases[${index}].when`, kind: "condition", value: when }));
    case "join":
      return [
        {
          ...{ field: "merge.value", kind: "value", variables: ["branches"] },
          value: typeof node.merge === "object" ? node.merge.value : undefined,
        },
        { field: "until", kind: "condition", value: node.until, variables: ["branches"] },
      ];
    case "map":
      return [{ field: "over", kind: "value", value: node.over }];
    case "loop":
      return [{ field: "until", kind: "condition", value: node.until, variables: ["turn"] }];
    case "gate":
      return [{ field: "pass", kind: "condition", value: node.pass, variables: ["turn"] }];
    case "end":
      return [{ field: "output", kind: "template", value: node.output }];
    case "fail":
      return [{ field: "message", kind: "template", value: node.message }];
    case "parallel":
      return [];
  }
};
