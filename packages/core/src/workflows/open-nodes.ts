import type { WorkflowGraph } from "@agentcore/contract/authoring";
import type { Frame } from "./frame.ts";
import type { Machine } from "./machine.ts";
import { nodeIn } from "./regions.ts";
import { type Items, itemsOf, sumOf } from "./tallies.ts";

/** What is open of a node. */
export interface OpenNode {
  /** Addresses of its calls under way. */
  readonly calls: string[];
  /** Of a parallel, a map, a loop: how often it is being gone through. */
  within: number;
  /** Of a loop. */
  turn?: number | undefined;
  /** Of a map. */
  items: Items | null;
}

export const NOT_OPEN: OpenNode = { calls: [], within: 0, items: null };

/** By node, where the machine stands. */
export const openNodes = ({ root, open }: Machine, graph: WorkflowGraph): ReadonlyMap<string, OpenNode> => {
  const found = new Map<string, OpenNode>();
  const of = (id: string): OpenNode => {
    const known = found.get(id) ?? { calls: [], within: 0, items: null };
    found.set(id, known);
    return known;
  };
  const look = (frame: Frame): void => {
    for (const [id, turn] of Object.entries(frame.turns)) {
      if (nodeIn(graph, id)?.type !== "loop") continue;
      const loop = of(id);
      loop.within += 1;
      loop.turn = turn;
    }
    if (frame.fan === null) return;
    const { node, frames } = frame.fan;
    const fan = of(node.id);
    fan.within += 1;
    if (node.type === "map") fan.items = sumOf(fan.items, itemsOf(frame));
    for (const child of frames) look(child);
  };
  if (!root.isOver) look(root);
  for (const [address, { node }] of open) of(node.id).calls.push(address);
  return found;
};
