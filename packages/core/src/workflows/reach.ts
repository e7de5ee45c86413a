/** Which nodes a run can still come to from where it stands. Ways back (a gate's, a loop's) do not count until they are taken. */
import type { WorkflowGraph } from "@agentcore/contract/authoring";
import { type Edge, edgesOf } from "./edges.ts";
import { nodeIn, structureOf } from "./regions.ts";

export interface Remaining {
  readonly reachable: ReadonlySet<string>;
  /** Of the nodes that do work: how much of each is still to be done, 0 to 1. */
  readonly parts: ReadonlyMap<string, number>;
  /** enter: the node itself and all behind it; exit: a loop at the end of a turn; behind: what comes after a parallel or a map. */
  from(id: string, how: "enter" | "exit" | "behind"): void;
  /** The body of a map, as much of it as is left. */
  within(id: string, part: number): void;
}

export interface Reach {
  begin(): Remaining;
}

const WORK = new Set(["task", "workflow", "custom", "wait", "approval"]);

export const createReach = (graph: WorkflowGraph): Reach => {
  const { regions } = structureOf(graph);
  const edges = new Map<string, readonly Edge[]>(
    Object.entries(graph.nodes).map(([id, node]) => [id, edgesOf(id, node).filter(({ kind }) => kind !== "again")]),
  );
  const exitsOf = (id: string): readonly Edge[] => (edges.get(id) ?? []).filter(({ kind }) => kind !== "body");
  return {
    begin() {
      const reachable = new Set<string>();
      const exited = new Set<string>();
      const parts = new Map<string, number>();
      const take = (id: string, part: number): void => {
        reachable.add(id);
        if (WORK.has(graph.nodes[id]?.type ?? "")) parts.set(id, Math.max(parts.get(id) ?? 0, part));
      };
      const waiting: string[] = [];
      const follow = (from: string, to: string): void => {
        const region = regions.get(from);
        if (to !== region?.end) waiting.push(to);
        // Back at the loop a turn is over. A branch or an item is over too, and behind it the walk of its region goes on.
        else if (region.isTurn && !exited.has(to)) {
          exited.add(to);
          for (const edge of exitsOf(to)) follow(to, edge.to);
        }
      };
      const walk = (part: number): void => {
        for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
          if (nodeIn(graph, id) === undefined || reachable.has(id)) continue;
          take(id, part);
          for (const { to } of edges.get(id) ?? []) follow(id, to);
        }
      };
      return {
        reachable,
        parts,
        from(id, how) {
          if (how === "enter") waiting.push(id);
          else for (const { to } of exitsOf(id)) follow(id, to);
          walk(1);
        },
        within(id, part) {
          for (const { kind, to } of edges.get(id) ?? []) if (kind === "body") waiting.push(to);
          walk(part);
        },
      };
    },
  };
};
