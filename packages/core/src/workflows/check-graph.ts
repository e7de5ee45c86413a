/** What is wrong with a graph that is well-formed by itself, each with its place. Pure. */
import { invalidArgument } from "@agentcore/contract";
import type { WorkflowDefinition, WorkflowGraph, WorkflowNode } from "@agentcore/contract/authoring";
import { checkExpressions, type GraphSchemas } from "./check-expressions.ts";
import { checkNodes, checkOwnCalls } from "./check-nodes.ts";
import { edgesOf } from "./edges.ts";
import { type GraphFault, nodeIn, type Region, structureOf } from "./regions.ts";

/** What is known of a graph beside itself. */
export interface GraphSurroundings extends GraphSchemas {
  /** That it is called by. */
  readonly name?: string | undefined;
}

export const checkGraph = (
  graph: WorkflowGraph,
  functions: WorkflowDefinition["functions"],
  { name, ...schemas }: GraphSurroundings = {},
): readonly GraphFault[] => {
  const { regions, faults } = structureOf(graph);
  return [
    ...faults,
    ...cycles(graph, regions),
    ...gates(graph, regions),
    ...checkNodes(graph),
    ...(name === undefined || faults.length > 0 ? [] : checkOwnCalls(graph, name)),
    ...missingFunctions(graph, functions),
    ...checkExpressions(graph, regions, schemas),
  ];
};

/** Throws INVALID_ARGUMENT. */
export const assertGraph = (
  graph: WorkflowGraph,
  functions: WorkflowDefinition["functions"],
  name: string | undefined,
): void => {
  const faults = checkGraph(graph, functions, { name });
  if (faults.length > 0) throw invalidArgument("the graph of the workflow", faults);
};

/** Where a node leads within its region, not back. */
const onward = (id: string, graph: WorkflowGraph, regions: ReadonlyMap<string, Region>) => {
  const node = nodeIn(graph, id);
  const region = regions.get(id);
  if (node === undefined || region === undefined) return [];
  return edgesOf(id, node).filter(
    ({ kind, to }) =>
      (kind === "next" || kind === "join") && to !== region.end && regions.get(to)?.name === region.name,
  );
};

/** Without loops' and gates' ways back no path may come to the same node twice. */
const cycles = (graph: WorkflowGraph, regions: ReadonlyMap<string, Region>): GraphFault[] => {
  const faults: GraphFault[] = [];
  const done = new Set<string>();
  for (const start of regions.keys()) {
    // Depth first without recursion: a graph may be a thousand nodes long.
    const path: { readonly id: string; readonly edges: ReturnType<typeof onward>; at: number }[] = [];
    const onPath = new Set<string>();
    const enter = (id: string): void => {
      if (done.has(id)) return;
      path.push({ id, edges: onward(id, graph, regions), at: 0 });
      onPath.add(id);
    };
    enter(start);
    for (let last = path.at(-1); last !== undefined; last = path.at(-1)) {
      const edge = last.edges[last.at++];
      if (edge === undefined) {
        path.pop();
        onPath.delete(last.id);
        done.add(last.id);
      } else if (onPath.has(edge.to)) {
        const from = path.findIndex(({ id }) => id === edge.to);
        const way = [...path.slice(from).map(({ id }) => id), edge.to].join(" → ");
        faults.push({
          field: `nodes.${last.id}.${edge.field}`,
          description: `${way} goes round without a bound; go back by a gate or a loop`,
        });
      } else enter(edge.to);
    }
  }
  return faults;
};

/** A gate's way back leads to what comes before it. */
const gates = (graph: WorkflowGraph, regions: ReadonlyMap<string, Region>): GraphFault[] => {
  const faults: GraphFault[] = [];
  for (const [id, node] of Object.entries(graph.nodes)) {
    if (node.type !== "gate" || nodeIn(graph, node.again) === undefined || !regions.has(id)) continue;
    if (!leadsTo(node.again, id, graph, regions))
      faults.push({
        field: `nodes.${id}.again`,
        description: `"${node.again}" does not lead to "${id}"; expected a node before it, in the same branch or body`,
      });
  }
  return faults;
};

const leadsTo = (from: string, to: string, graph: WorkflowGraph, regions: ReadonlyMap<string, Region>): boolean => {
  const seen = new Set([from]);
  for (const id of seen) {
    if (id === to) return true;
    for (const edge of onward(id, graph, regions)) seen.add(edge.to);
  }
  return false;
};

const missingFunctions = (graph: WorkflowGraph, functions: WorkflowDefinition["functions"]): GraphFault[] =>
  Object.entries(graph.nodes).flatMap(([id, node]) =>
    functionsOf(node)
      .filter(([, name]) => typeof functions[name] !== "function" || !Object.hasOwn(functions, name))
      .map(([field, name]) => ({
        field: `nodes.${id}.${field}`,
        description: `there is no function "${name}"${Object.keys(functions).length === 0 ? "; a graph without code has none: use an expression or an agent" : ""}`,
      })),
  );

// Above what a template may have.
const MAX_DEPTH = 100;

/** What of the code a node names, with the place. */
const functionsOf = (node: WorkflowNode): (readonly [field: string, name: string])[] => {
  const found: (readonly [string, string])[] = [];
  // A definition of code may be one that lies within itself.
  const seen = new Set<unknown>();
  const visit = (value: unknown, field: string, depth: number): void => {
    // What is deeper is refused where it is read, as no template.
    if (typeof value !== "object" || value === null || seen.has(value) || depth > MAX_DEPTH) return;
    seen.add(value);
    if ("$function" in value && typeof value.$function === "string") found.push([field, value.$function]);
    else
      for (const [name, each] of Object.entries(value))
        visit(each, field === "" ? name : `${field}.${name}`, depth + 1);
  };
  visit(node, "", 0);
  if (node.type === "custom") found.push(["function", node.function]);
  if ("undo" in node && node.undo?.function !== undefined) found.push(["undo.function", node.undo.function]);
  return found;
};
