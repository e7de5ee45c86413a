/** What a node asks for that can never come, though each of its members is well-formed. Pure. */
import { DEFAULT_CHOICES, SignalName } from "@agentcore/contract";
import type { WorkflowGraph, WorkflowNode, WorkflowNodeOf } from "@agentcore/contract/authoring";
import { edgesOf } from "./edges.ts";
import { joinRuleOf } from "./join-rule.ts";
import { type GraphFault, nodeIn } from "./regions.ts";

export const checkNodes = (graph: WorkflowGraph): readonly GraphFault[] =>
  Object.entries(graph.nodes).flatMap(([id, node]) =>
    node.type === "parallel"
      ? needOf(node, graph)
      : faultsOf(node).map(({ field, description }) => ({ field: `nodes.${id}.${field}`, description })),
  );

const faultsOf = (node: WorkflowNode): readonly GraphFault[] => {
  switch (node.type) {
    case "approval":
      return [...choicesOf(node), ...approversOf(node)];
    case "loop":
      return node.otherwise === undefined || node.until !== undefined
        ? []
        : [{ field: "otherwise", description: "without `until` the loop takes all its turns and goes on to `next`" }];
    case "wait":
      return waitOf(node);
    default:
      return [];
  }
};

const choicesOf = ({ on = {}, ...asked }: WorkflowNodeOf<"approval">): readonly GraphFault[] => {
  const choices = asked.choices ?? DEFAULT_CHOICES;
  return Object.keys(on)
    .filter((choice) => !choices.includes(choice))
    .map((choice) => ({
      field: `on.${choice}`,
      description: `nobody can choose "${choice}"; expected one of ${choices.join(", ")}`,
    }));
};

const approversOf = ({ fourEyes = 1, approvers, escalate }: WorkflowNodeOf<"approval">): readonly GraphFault[] => {
  const asked = new Set([...(approvers ?? []), ...(escalate?.to ?? [])]);
  if (approvers === undefined || fourEyes <= asked.size) return [];
  const who = escalate === undefined ? "approvers" : "approvers, with those it is escalated to";
  return [
    { field: "fourEyes", description: `${fourEyes} different people must agree, there are ${asked.size} ${who}` },
  ];
};

const needOf = ({ branches, join }: WorkflowNodeOf<"parallel">, graph: WorkflowGraph): readonly GraphFault[] => {
  const to = nodeIn(graph, join);
  const count = Object.keys(branches).length;
  if (to?.type !== "join" || to.need === undefined || to.need <= count) return [];
  return [{ field: `nodes.${join}.need`, description: `expected 1 to ${count}, as many as there are branches` }];
};

const waitOf = ({ signal, event, timeout, otherwise }: WorkflowNodeOf<"wait">): readonly GraphFault[] => {
  const faults: GraphFault[] = [];
  if (signal !== undefined && !SignalName.safeParse(signal).success)
    faults.push({ field: "signal", description: "expected a name of 1 to 200 letters, digits or ._:-" });
  if (timeout !== undefined && signal === undefined && event === undefined)
    faults.push({ field: "timeout", description: "it is for a signal or an event; a time comes by itself" });
  else if (otherwise !== undefined && timeout === undefined)
    faults.push({ field: "otherwise", description: "without `timeout` it waits until it comes, however long" });
  return faults;
};

/**
 * A workflow that cannot end without beginning itself once more: each of its runs begins another, without end. Of a graph without other faults
 * of structure, where bodies lie within each other and not in a circle.
 */
export const checkOwnCalls = (graph: WorkflowGraph, name: string): readonly GraphFault[] => {
  const calls = new Map<string, string>();
  // Whether a way leads from a node to the end of its region. A call of itself that fails may go on by its `catch`, and of what is chosen as
  // the run goes on nothing is known: both are ways.
  const leaves = (start: string, end: string | null): boolean => {
    const seen = new Set([start]);
    for (const id of seen) {
      const node = nodeIn(graph, id);
      if (id === end || node === undefined || node.type === "end" || node.type === "fail") return true;
      const own = ownCallOf(node, name);
      if (own !== null) calls.set(id, own);
      for (const { kind, to, field } of edgesOf(id, node)) {
        if (kind === "body") continue;
        if (field === "catch" || (own === null && passes(id, node))) seen.add(to);
      }
    }
    return false;
  };
  const passes = (id: string, node: WorkflowNode): boolean => {
    if (node.type === "loop") return node.body === id || leaves(node.body, id);
    if (node.type !== "parallel") return true;
    const join = nodeIn(graph, node.join);
    const ends = Object.values(node.branches).map((branch) => leaves(branch, node.join));
    const isAll = join?.type === "join" && join.until === undefined && joinRuleOf(join).failFast;
    return isAll && join.need === undefined ? !ends.includes(false) : ends.includes(true);
  };
  if (leaves(graph.start, null)) return [];
  return [...calls].map(([id, field]) => ({
    field: `nodes.${id}.${field}`,
    description: `every way through "${name}" comes to a call of itself: no run could end; expected a way around it`,
  }));
};

const ownCallOf = (node: WorkflowNode, name: string): string | null => {
  if (node.type === "workflow") return node.workflow === name ? "workflow" : null;
  if (node.type !== "task" || typeof node.target !== "object") return null;
  return "agent" in node.target && node.target.agent === name ? "target.agent" : null;
};
