/** Which outputs may be there when a node is come to: those of nodes that may have run before it, in its own walk or in those around it. */
import type { WorkflowGraph } from "@agentcore/contract/authoring";
import { edgesOf } from "./edges.ts";
import type { Region } from "./regions.ts";

export class VisibleNodes {
  private readonly graph: WorkflowGraph;
  private readonly regions: ReadonlyMap<string, Region>;
  /** By node: those that lead to it within one walk. */
  private readonly before = new Map<string, Set<string>>();
  private readonly known = new Map<string, ReadonlySet<string>>();

  constructor(graph: WorkflowGraph, regions: ReadonlyMap<string, Region>) {
    this.graph = graph;
    this.regions = regions;
    for (const id of regions.keys()) {
      const node = graph.nodes[id];
      if (node === undefined) continue;
      for (const { to } of edgesOf(id, node)) {
        if (this.walkOf(to) !== this.walkOf(id) || !regions.has(to)) continue;
        const leading = this.before.get(to) ?? new Set();
        leading.add(id);
        this.before.set(to, leading);
      }
    }
  }

  /** Ids of nodes. What a condition of a loop sees of its body is among them, as its body leads back to it. */
  at(id: string): ReadonlySet<string> {
    const known = this.known.get(id);
    if (known !== undefined) return known;
    const reached = new Set<string>(this.before.get(id));
    for (const each of reached) for (const one of this.before.get(each) ?? []) reached.add(one);
    const visible = new Set(reached);
    // Behind a join there is what its branches gave.
    for (const [node, region] of this.regions)
      if (region.end !== null && reached.has(region.end) && this.graph.nodes[region.end]?.type === "join")
        visible.add(node);
    const owner = this.ownerOf(id);
    if (owner !== null) for (const each of this.at(owner)) visible.add(each);
    this.known.set(id, visible);
    return visible;
  }

  /** Where the node's output is kept: the workflow, a branch or an item; a loop's body has none of its own. */
  private walkOf(id: string): string | null {
    let region = this.regions.get(id);
    while (region?.isTurn === true) region = region.parent ?? undefined;
    return region?.name ?? null;
  }

  /** The parallel or map that the node is in. */
  private ownerOf(id: string): string | null {
    let region = this.regions.get(id);
    while (region?.isTurn === true) region = region.parent ?? undefined;
    return region?.owner ?? null;
  }
}
