import type { WorkflowNode } from "@agentcore/contract/authoring";

/** Where a node may lead. */
export interface Edge {
  readonly to: string;
  /** Of the node, as in `cases[0].next`. */
  readonly field: string;
  /**
   * next: in the region of the node itself. body: into a region of its own, which ends at `end`. again: back, as often as the node allows.
   * join: behind the branches.
   */
  readonly kind: "next" | "body" | "again" | "join";
  /** Of a body: its name, and the node that it ends at. */
  readonly body?: { readonly name: string; readonly end: string };
  /** When it is taken, in words; for drawings. */
  readonly label?: string;
}

export const edgesOf = (id: string, node: WorkflowNode): readonly Edge[] => {
  const next = (to: string | undefined, field: string, label?: string): Edge[] =>
    to === undefined ? [] : [{ to, field, kind: "next", ...(label === undefined ? {} : { label }) }];
  switch (node.type) {
    case "task":
    case "workflow":
    case "custom":
      return [...next(node.next, "next"), ...next(node.catch, "catch", "failed")];
    case "decision":
      return [
        ...node.cases.flatMap((each, index) => next(each.next, `cases[${index}].next`, labelOf(each.when))),
        ...next(node.otherwise, "otherwise", "otherwise"),
      ];
    case "parallel":
      return [
        ...Object.entries(node.branches).map(
          ([name, to]): Edge => ({
            ...{ to, field: `branches.${name}`, kind: "body", label: name },
            body: { name: `${id}.${name}`, end: node.join },
          }),
        ),
        { to: node.join, field: "join", kind: "join" },
        ...next(node.catch, "catch", "failed"),
      ];
    case "join":
      return next(node.next, "next");
    case "map":
      return [
        { to: node.body, field: "body", kind: "body", label: "each", body: { name: id, end: id } },
        ...next(node.next, "next"),
        ...next(node.catch, "catch", "failed"),
      ];
    case "loop":
      return [
        { to: node.body, field: "body", kind: "body", label: "turn", body: { name: id, end: id } },
        ...next(node.next, "next"),
        ...next(node.otherwise, "otherwise", `after ${node.maxTurns}`),
      ];
    case "gate":
      return [
        ...next(node.next, "next", "passed"),
        { to: node.again, field: "again", kind: "again", label: "again" },
        ...next(node.otherwise, "otherwise", "not passed"),
      ];
    case "wait":
      return [...next(node.next, "next"), ...next(node.otherwise, "otherwise", "not in time")];
    case "approval":
      return [
        ...next(node.next, "next"),
        ...Object.entries(node.on ?? {}).flatMap(([choice, to]) => next(to, `on.${choice}`, choice)),
        ...next(node.otherwise, "otherwise", "not in time"),
      ];
    case "end":
    case "fail":
      return [];
  }
};

const labelOf = (expression: string | { readonly $function: string }): string =>
  typeof expression === "string" ? expression : expression.$function;
