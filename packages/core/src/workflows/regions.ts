/**
 * The structure that a flat graph has: which nodes belong to the workflow itself, which to a branch, an item, a turn. What is wrong with it is
 * found on the way.
 */
import type { WorkflowGraph, WorkflowNode } from "@agentcore/contract/authoring";
import { type Edge, edgesOf } from "./edges.ts";

export interface GraphFault {
  /** As in `nodes.score.next`. */
  readonly field: string;
  readonly description: string;
}

/** A part of the graph that is entered at one place and ends at one. */
export interface Region {
  /** "" is the workflow itself. */
  readonly name: string;
  /** The node that its paths come to; null for the workflow, whose paths come to an `end` or `fail`. */
  readonly end: string | null;
  readonly parent: Region | null;
  /** The node that begins it. */
  readonly owner: string | null;
  /** Its nodes have the outputs of the region around it: a turn of a loop, unlike a branch or an item. */
  readonly isTurn: boolean;
  /** The loop whose turn this is or lies in, without a branch or an item between; nearest first. */
  readonly loop: string | null;
}

export interface Structure {
  readonly regions: ReadonlyMap<string, Region>;
  readonly faults: readonly GraphFault[];
}

/** Undefined for what every object has, such as `constructor`, and the graph has not. */
export const nodeIn = ({ nodes }: WorkflowGraph, id: string): WorkflowNode | undefined =>
  Object.hasOwn(nodes, id) ? nodes[id] : undefined;

const ROOT: Region = { name: "", end: null, parent: null, owner: null, isTurn: false, loop: null };

export const structureOf = (graph: WorkflowGraph): Structure => {
  const regions = new Map<string, Region>();
  const faults: GraphFault[] = [];
  const waiting: { readonly id: string; readonly region: Region; readonly field: string; readonly isJoin: boolean }[] =
    [{ id: graph.start, region: ROOT, field: "start", isJoin: false }];
  const fault = (field: string, description: string): void => void faults.push({ field, description });
  // Bodies after what is around them: a node that both lead to belongs to the latter.
  const bodies: typeof waiting = [];
  for (let each = waiting.pop() ?? bodies.shift(); each !== undefined; each = waiting.pop() ?? bodies.shift()) {
    const { id, region, field, isJoin } = each;
    const node = nodeIn(graph, id);
    if (node === undefined) {
      fault(field, `there is no node "${id}"`);
      continue;
    }
    if (id === region.end) continue;
    if (node.type === "join" && !isJoin) {
      fault(field, `only the branches of its parallel lead to the join "${id}"; expected a node of ${nameOf(region)}`);
      continue;
    }
    const known = regions.get(id);
    if (known !== undefined) {
      if (known.name !== region.name || isJoin)
        fault(
          field,
          `"${id}" belongs to ${nameOf(known)}, this is ${nameOf(region)}; expected a node of the same, or its end${endOf(region)}`,
        );
      continue;
    }
    regions.set(id, region);
    if (node.type === "end" && !isWhole(region))
      fault(`nodes.${id}`, `the workflow cannot end within ${nameOf(region)}; go on to${endOf(region)}`);
    for (const edge of edgesOf(id, node)) {
      const place = `nodes.${id}.${edge.field}`;
      const to = nodeIn(graph, edge.to);
      if (edge.kind === "join" && to !== undefined && to.type !== "join") {
        fault(place, `"${edge.to}" is of type ${to.type}; expected a join`);
        continue;
      }
      if (edge.kind === "body" && edge.to === edge.body?.end) fault(place, "expected a node that does something");
      else
        (edge.kind === "body" ? bodies : waiting).push({
          id: edge.to,
          region: edge.kind === "body" ? regionOf(id, node, edge, region) : region,
          field: place,
          isJoin: edge.kind === "join",
        });
    }
  }
  for (const id of Object.keys(graph.nodes)) {
    if (!regions.has(id)) fault(`nodes.${id}`, "no way leads to this node");
    // What a run knows of its nodes stands in objects.
    if (id in Object.prototype) fault(`nodes.${id}`, "every object has a member of this name; choose another");
  }
  return { regions, faults };
};

const regionOf = (owner: string, node: WorkflowNode, { body }: Edge, parent: Region): Region => {
  const isTurn = node.type === "loop";
  return {
    name: body?.name ?? "",
    end: body?.end ?? null,
    parent,
    owner,
    isTurn,
    loop: isTurn ? owner : null,
  };
};

/** Behind it nothing of a branch or item is left open. */
const isWhole = (region: Region): boolean => region.parent === null || (region.isTurn && isWhole(region.parent));

const nameOf = ({ name, owner, isTurn }: Region): string => {
  if (owner === null) return "the workflow itself";
  if (isTurn) return `the loop "${owner}"`;
  return name === owner ? `the map "${owner}"` : `the branch "${name}"`;
};

const endOf = ({ end }: Region): string => (end === null ? "" : ` "${end}"`);
