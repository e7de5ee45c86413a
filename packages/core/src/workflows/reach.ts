/** Which nodes a run can still come to from where it stands. Ways back (a gate's, a loop's) do not count until they are taken. */
import type { WorkflowGraph } from "@agentcore/contract/authoring";
import { type Edge, edgesOf } from "./edges.ts";
import type { Frame } from "./frame.ts";
import { nodeIn, structureOf } from "./regions.ts";

export interface Ahead {
  readonly reachable: ReadonlySet<string>;
  /** 0 to 1: the part of the nodes that do work that it is past. */
  readonly share: number;
}

/** From where that walk and those within it stand; nothing from one that is over. */
export type Reach = (root: Frame | null) => Ahead;

const WORK = new Set(["task", "workflow", "custom", "wait", "approval"]);

export const createReach = (graph: WorkflowGraph): Reach => {
  const { regions } = structureOf(graph);
  const edges = new Map<string, readonly Edge[]>(
    Object.entries(graph.nodes).map(([id, node]) => [id, edgesOf(id, node).filter(({ kind }) => kind !== "again")]),
  );
  const isWork = (id: string): boolean => WORK.has(graph.nodes[id]?.type ?? "");
  const work = Object.keys(graph.nodes).filter(isWork).length;
  return (root) => {
    const reachable = new Set<string>();
    const exited = new Set<string>();
    /** How much of each that does work is still to be done, 0 to 1. */
    const parts = new Map<string, number>();
    const waiting: string[] = [];
    const follow = (from: string, to: string): void => {
      const region = regions.get(from);
      if (to !== region?.end) waiting.push(to);
      // Back at the loop a turn is over. A branch or an item is over too, and behind it the walk of its region goes on.
      else if (region.isTurn && !exited.has(to)) {
        exited.add(to);
        leave(to);
      }
    };
    const leave = (id: string): void => {
      for (const { kind, to } of edges.get(id) ?? []) if (kind !== "body") follow(id, to);
    };
    const walk = (part: number): void => {
      for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
        if (nodeIn(graph, id) === undefined || reachable.has(id)) continue;
        reachable.add(id);
        if (isWork(id)) parts.set(id, part);
        for (const { to } of edges.get(id) ?? []) follow(id, to);
      }
    };
    const collect = ({ at, fan, isOver }: Frame): void => {
      if (isOver) return;
      if (fan === null) waiting.push(at);
      else leave(at);
      walk(1);
      if (fan?.node.type === "map") {
        waiting.push(fan.node.body);
        walk(fan.total === null || fan.total === 0 ? 1 : 1 - (fan.next - fan.frames.size) / fan.total);
      } else for (const child of fan?.frames ?? []) collect(child);
    };
    if (root !== null) collect(root);
    let left = 0;
    for (const part of parts.values()) left += part;
    return { reachable, share: work === 0 ? 0 : Math.round((1 - left / work) * 1000) / 1000 };
  };
};
