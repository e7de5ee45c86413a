/** A part of a workflow while it is written: links, each of which puts its nodes into the table once it is known what comes after it. */
import type { WorkflowGraph, WorkflowNode } from "@agentcore/contract/authoring";
import { authorMistake } from "../author-mistake.ts";
import { isWritten } from "./written.ts";

export type AnyFunction = (...parameters: never[]) => unknown;

/** The graph as it is put together. */
export class GraphTable {
  readonly nodes: Record<string, WorkflowNode> = {};
  readonly functions: Record<string, AnyFunction> = {};
  private readonly what: string;

  constructor(what: string) {
    this.what = what;
  }

  put(id: string, node: WorkflowNode): string {
    if (Object.hasOwn(this.nodes, id))
      throw authorMistake(
        this.what,
        id,
        `there is a node "${id}" already; give this one a name of its own, as in .then(agent, { as: "name" })`,
      );
    this.nodes[id] = node;
    return id;
  }

  /** Keeps the function under that name. */
  keep(name: string, work: AnyFunction): string {
    this.functions[name] = work;
    return name;
  }

  /** Where a template stands. */
  template(name: string, work: unknown): unknown {
    if (!isWritten(work)) return { $function: this.keep(name, work as AnyFunction) };
    return work.$expression === undefined ? work.$template : `\${${work.$expression}}`;
  }

  /** Where an expression stands. */
  expression(name: string, work: unknown): string | { readonly $function: string } {
    if (!isWritten(work)) return { $function: this.keep(name, work as AnyFunction) };
    if (work.$expression !== undefined) return work.$expression;
    throw authorMistake(this.what, name, "expected a function or expression(…), got template(…)");
  }

  /** They were put from the end. */
  toGraph(start: string): WorkflowGraph {
    return { start, nodes: Object.fromEntries(Object.entries(this.nodes).toReversed()) };
  }
}

/** Puts its nodes, and gives the id of the first. `next` gives where it leads on; what leads nowhere on does not ask. */
export type Link = (table: GraphTable, next: () => string) => string;

/** Gives the id that they begin with; that of what comes after them when there are none. */
export const putLinks = (links: readonly Link[], table: GraphTable, next: () => string): string => {
  let after = next;
  for (const link of links.toReversed()) {
    const start = link(table, after);
    after = () => start;
  }
  return after();
};
