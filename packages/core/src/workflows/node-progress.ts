/** How far a node of a run has come, from what is over of it, what is open, and what the log says of calls under way. */
import type { WorkflowGraph, WorkflowNode } from "@agentcore/contract/authoring";
import type { OpenNode } from "./open-nodes.ts";
import { nodeIn } from "./regions.ts";
import type { Undoing } from "./taking-back.ts";
import { type Items, type ShownError, shownError, sumOf, type Tally } from "./tallies.ts";

/**
 * waiting: for a person, a time, a signal or an event. held: by a breakpoint, before it begins or is taken back. canceled: it was under way when
 * nobody needed it any more. skipped: it cannot be come to any more. stands: its effect could not be taken back. unknown: the events that would
 * say it were compacted.
 */
export const NODE_STATES = [
  ...(["pending", "running", "waiting", "held", "done", "failed", "canceled", "skipped"] as const),
  ...(["undoing", "undone", "stands", "unknown"] as const),
] as const;
export type NodeState = (typeof NODE_STATES)[number];
export type WaitsFor = "person" | "time" | "signal" | "event";

export interface NodeProgress {
  readonly id: string;
  readonly type: WorkflowNode["type"];
  readonly state: NodeState;
  /** What it waits for, or, while it is taken back, that somebody is asked about it. */
  readonly waitsFor?: WaitsFor;
  /** Times that it was begun. */
  readonly visits: number;
  /** Of a loop: the turn that it is in, or was in last. */
  readonly turn?: number;
  /** Of a map, over all its visits; no total where that is not known. */
  readonly items?: { readonly done: number; readonly failed: number; readonly total?: number };
  /** Of it under way now, with more than one. */
  readonly underWay?: number;
  /** Milliseconds since 1970, of its last visit. */
  readonly startedAt?: number;
  readonly endedAt?: number;
  /** Of a wait for a time. */
  readonly dueAt?: number;
  /** The task that does it now. */
  readonly childTaskId?: string;
  /** Of a try that failed, while others follow; else why it failed for good. */
  readonly error?: ShownError;
}

/** What the log says of a call under way. */
export interface CallDetails {
  readonly dueAt?: number | undefined;
  readonly childTaskId?: string | undefined;
  /** By a breakpoint. */
  readonly isHeld?: boolean;
  /** Of a try. */
  readonly error?: ShownError;
}

export type Back = Extract<NodeState, "undoing" | "undone" | "stands">;

export interface NodeFacts {
  readonly tally: Readonly<Tally>;
  readonly open: OpenNode;
  readonly back: Back | undefined;
  /** While it is taken back. */
  readonly undoing: Undoing | null;
  readonly details: ReadonlyMap<string, CallDetails>;
  readonly isReachable: boolean;
  /** The task has ended. */
  readonly isOver: boolean;
  /** It is not known what was before. */
  readonly compacted: boolean;
}

export const showNode = (graph: WorkflowGraph, id: string, facts: NodeFacts): NodeProgress => {
  const node = nodeIn(graph, id) as WorkflowNode;
  const { tally, open, undoing, details } = facts;
  const { calls, within } = open;
  const state = stateOf(node, facts);
  const isUnderWay = state === "running" || state === "waiting" || (state === "held" && undoing === null);
  const [only] = calls;
  const said = only === undefined ? undefined : details.get(only);
  const waitsFor = state === "waiting" ? waitsForOf(node) : undoing?.error == null ? undefined : "person";
  const turn = open.turn ?? tally.turn;
  const items = open.items === null ? tally.items : sumOf(tally.items, open.items);
  const error = isUnderWay ? said?.error : (errorOf(undoing, details) ?? tally.error);
  return {
    ...{ id, type: node.type, state, visits: tally.visits + calls.length + within },
    ...(waitsFor === undefined ? {} : { waitsFor }),
    ...(turn === undefined ? {} : { turn }),
    ...(items === null ? {} : { items: shownItems(items) }),
    ...(isUnderWay && calls.length > 1 ? { underWay: calls.length } : {}),
    ...(tally.startedAt === undefined ? {} : { startedAt: tally.startedAt }),
    ...(tally.endedAt === undefined || isUnderWay ? {} : { endedAt: tally.endedAt }),
    ...(isUnderWay && said?.dueAt !== undefined ? { dueAt: said.dueAt } : {}),
    ...(isUnderWay && calls.length === 1 && said?.childTaskId !== undefined ? { childTaskId: said.childTaskId } : {}),
    ...(error === undefined ? {} : { error }),
  };
};

/** Of what is being taken back. */
const errorOf = (undoing: NodeFacts["undoing"], details: NodeFacts["details"]): ShownError | undefined => {
  if (undoing === null) return undefined;
  return undoing.error === null ? details.get(undoing.address)?.error : shownError(undoing.error);
};

const stateOf = (node: WorkflowNode, facts: NodeFacts): NodeState => {
  const { tally, open, back, undoing, details, isReachable, isOver, compacted } = facts;
  if (back === "undoing" && isOver) return "stands";
  if (back === "undoing" && undoing !== null && details.get(undoing.address)?.isHeld === true) return "held";
  if (back !== undefined) return back;
  if (open.calls.length > 0 && isOver) return "canceled";
  if (open.calls.some((address) => details.get(address)?.isHeld === true)) return "held";
  if (open.calls.length > 0) return waitsForOf(node) === undefined ? "running" : "waiting";
  if (open.within > 0) return isOver ? "canceled" : "running";
  if (tally.last !== null) return tally.last;
  if (isReachable && !isOver) return "pending";
  return compacted ? "unknown" : "skipped";
};

const waitsForOf = (node: WorkflowNode): WaitsFor | undefined => {
  if (node.type === "approval") return "person";
  if (node.type !== "wait") return undefined;
  if (node.signal !== undefined) return "signal";
  return node.event === undefined ? "time" : "event";
};

const shownItems = ({ done, failed, total }: Items): NonNullable<NodeProgress["items"]> => ({
  ...{ done, failed },
  ...(total === null ? {} : { total }),
});
