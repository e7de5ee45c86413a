/** What a run did at each node of its graph, as far as that is over. */
import type { SerializedError, WorkflowFrameState, WorkflowState } from "@agentcore/contract";
import type { WorkflowGraph } from "@agentcore/contract/authoring";
import type { CompiledNode } from "./compile-workflow.ts";
import type { Frame } from "./frame.ts";
import { nodeIn } from "./regions.ts";

export type Ending = "done" | "failed" | "canceled";
export interface ShownError {
  readonly code: string;
  readonly message: string;
}
/** Of a map. */
export interface Items {
  readonly done: number;
  readonly failed: number;
  /** Null where it is not known. */
  readonly total: number | null;
}

export interface Tally {
  /** That have ended. */
  visits: number;
  last: Ending | null;
  /** Of a loop. */
  turn: number | undefined;
  items: Items | null;
  /** Also of a visit that goes on. */
  startedAt: number | undefined;
  endedAt: number | undefined;
  /** Of the last that ended. */
  error: ShownError | undefined;
}

export const NO_TALLY: Readonly<Tally> = {
  ...{ visits: 0, last: null, turn: undefined, items: null },
  ...{ startedAt: undefined, endedAt: undefined, error: undefined },
};
const MAX_MESSAGE = 500;

export const shownError = ({ code, message }: SerializedError): ShownError => ({
  code,
  message: message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE)}…` : message,
});

export class Tallies {
  private readonly byNode: Map<string, Tally>;

  constructor(before: Tallies | null = null) {
    this.byNode = new Map([...(before?.byNode ?? [])].map(([id, tally]) => [id, { ...tally }]));
  }

  of(id: string): Readonly<Tally> {
    return this.byNode.get(id) ?? NO_TALLY;
  }

  change(id: string, change: Partial<Tally>): void {
    const tally = this.byNode.get(id);
    if (tally === undefined) this.byNode.set(id, { ...NO_TALLY, ...change });
    else Object.assign(tally, change);
  }

  ended({ id, type }: CompiledNode, how: Ending, frame: Frame, at: number, error: ShownError | undefined): void {
    const { visits, items, startedAt } = this.of(id);
    this.change(id, {
      ...{ visits: visits + 1, last: how, startedAt: startedAt ?? at, endedAt: at, error },
      ...(type === "loop" ? { turn: frame.turns[id] } : {}),
      ...(type === "map" && (how === "done" || frame.fan !== null) ? { items: sumOf(items, itemsOf(frame)) } : {}),
    });
  }

  /** All that is known of a log whose beginning is gone: where the machine stood. Of branches and items that are over it says nothing. */
  static at({ root, failed }: WorkflowState, graph: WorkflowGraph): Tallies {
    const tallies = new Tallies();
    const know = ({ at, visits, outputs, errors, fan }: WorkflowFrameState): void => {
      for (const id of new Set([...Object.keys(visits), ...Object.keys(outputs), ...Object.keys(errors)])) {
        const [isDone, error] = [Object.hasOwn(outputs, id), errors[id]];
        // It has done both, and which came last is not said. Of what failed, what nodes gave is not kept, nor how the last one ended.
        if (failed === undefined ? isDone && error !== undefined : error !== undefined || id === at) continue;
        const { type } = nodeIn(graph, id) ?? {};
        // Their visits are those to what they asked.
        const times = type === "join" || type === "loop" ? Number(isDone) : Math.max(visits[id] ?? 0, 1);
        const count = times - (fan !== undefined && id === at ? 1 : 0);
        if (count > 0)
          tallies.change(id, {
            ...{ visits: count, last: error === undefined ? "done" : "failed" },
            ...(error === undefined ? {} : { error: shownError(error as SerializedError) }),
          });
      }
      for (const child of fan?.frames ?? []) know(child);
    };
    know(root);
    return tallies;
  }
}

/** Of the map that the frame is within; none of one that had nothing to do. */
export const itemsOf = ({ fan }: Frame): Items =>
  fan === null
    ? { done: 0, failed: 0, total: 0 }
    : { done: fan.order.length, failed: fan.next - fan.frames.size - fan.order.length, total: fan.total };

export const sumOf = (left: Items | null, right: Items): Items =>
  left === null
    ? right
    : {
        done: left.done + right.done,
        failed: left.failed + right.failed,
        total: left.total === null || right.total === null ? null : left.total + right.total,
      };
