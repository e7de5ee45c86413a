/**
 * How far a run has come: a pure fold of its log over the graph of its revision. Where the run stands is for the machine to say, led by the log
 * (`retraced-run.ts`); here is what the log says of calls under way, and how all that is shown.
 */
import {
  addressIn,
  isTerminal,
  PlatformError,
  type TaskEvent,
  type TaskEventOf,
  type TaskState,
} from "@agentcore/contract";
import type { WorkflowGraph } from "@agentcore/contract/authoring";
import { carriedBy } from "../tasks/call-records.ts";
import { resultOf } from "../tasks/journal.ts";
import { stateAfter } from "../tasks/view.ts";
import { failureOf } from "./choices.ts";
import { Frame } from "./frame.ts";
import { type Machine, type Outcome, REFUSED, STOPPED } from "./machine.ts";
import {
  type Back,
  type CallDetails,
  NODE_STATES,
  type NodeProgress,
  type NodeState,
  showNode,
} from "./node-progress.ts";
import { NOT_OPEN, openNodes } from "./open-nodes.ts";
import { createReach, type Reach } from "./reach.ts";
import { nodeIn } from "./regions.ts";
import { RetracedRun } from "./retraced-run.ts";
import { NO_TALLY, shownError } from "./tallies.ts";
import { withoutData } from "./without-data.ts";

export interface WorkflowProgress {
  /** Of the task. */
  readonly state: TaskState;
  /** 0 to 1: the part of the nodes that do work that it cannot come to any more; of what failed: as it was then. */
  readonly share: number;
  /** The beginning of the log was compacted: nodes that have been done may be unknown. */
  readonly compacted: boolean;
  readonly counts: Readonly<Record<NodeState, number>>;
  /** In the order of the graph. */
  readonly nodes: readonly NodeProgress[];
}

const CANCELED = new PlatformError("CANCELED", "it was canceled");
const LATE = new PlatformError("DEADLINE_EXCEEDED", "its time is over");

export class ProgressFold {
  private readonly graph: WorkflowGraph;
  private readonly reach: Reach;
  private readonly run: RetracedRun;
  /** By address. */
  private readonly details = new Map<string, CallDetails>();
  /** By node, as the end of the log has it. */
  private takenBack: ReadonlyMap<string, Back> | null = null;
  private state: TaskState = "submitted";
  private compacted = false;
  /** Number of the last event. */
  seq = 0;

  constructor(graph: WorkflowGraph) {
    this.graph = graph;
    this.reach = createReach(graph);
    this.run = new RetracedRun(withoutData(graph), (root) => this.reach(root).share);
  }

  /** In order; events of which nothing is shown may be left out (`PROGRESS_UNSEEN`). */
  apply(event: TaskEvent): void {
    this.seq = event.seq;
    this.state = stateAfter(event) ?? this.state;
    this.hear(event);
    if (isTerminal(this.state)) this.run.close();
  }

  view(): WorkflowProgress {
    const { state, compacted, details, graph } = this;
    const standing = this.run.standing();
    const isOver = isTerminal(state);
    // Before it begins it can come to all there is; where its beginning is gone, nobody knows.
    const notBegun = compacted || isOver ? null : new Frame(graph.start, "", null);
    const { reachable, share } = this.reach(standing === null ? notBegun : standing.machine.root);
    const open = standing === null ? null : openNodes(standing.machine, graph);
    const back = this.takenBack ?? (standing === null ? null : takenBackBy(standing.machine.back));
    const undoing = standing?.machine.back.undoing ?? null;
    const counts = Object.fromEntries(NODE_STATES.map((each) => [each, 0])) as Record<NodeState, number>;
    const nodes = Object.keys(graph.nodes).map((id) => {
      const node = showNode(graph, id, {
        ...{ details, isOver, compacted, isReachable: reachable.has(id), back: back?.get(id) },
        tally: standing?.tallies.of(id) ?? NO_TALLY,
        open: open?.get(id) ?? NOT_OPEN,
        undoing: undoing?.entry.node === id ? undoing : null,
      });
      counts[node.state] += 1;
      return node;
    });
    const known = standing === null ? 0 : (standing.stoppedAt ?? share);
    return { state, share: state === "completed" ? 1 : known, compacted, counts, nodes };
  }

  // ── what the log says ────────────────────────────────────────────────────────────────────────────────────────

  private hear(event: TaskEvent): void {
    const { run } = this;
    const { at } = event;
    switch (event.type) {
      case "log.compacted":
        this.state = event.data.state;
        this.compacted = true;
        return;
      case "task.started":
        // In a log whose beginning is gone the next checkpoint says where it stands.
        if (!this.compacted) run.begin(at);
        return;
      case "checkpoint.created":
        return this.resumed(event);
      case "task.cancelRequested":
        return run.stop(CANCELED, at);
      case "task.deadlinePassed":
        return run.stop(LATE, at);
      case "decision.made":
        return this.decided(event);
      case "step.started": {
        const { path, dueAt, childTaskId } = event.data;
        const call = addressIn(path);
        if (call !== null) this.details.set(call.address, { dueAt, childTaskId });
        return;
      }
      case "call.held":
      case "call.released": {
        const call = addressIn(event.data.path);
        if (call !== null) this.details.set(call.address, { isHeld: event.type === "call.held" });
        return;
      }
      case "step.completed":
        return this.completed(event);
      case "step.failed": {
        const { path, error, retryAt } = event.data;
        const call = addressIn(path);
        if (call === null) return;
        if (retryAt !== undefined) this.details.set(call.address, { error: shownError(error) });
        else this.settled(call.address, { error: PlatformError.fromJSON(error) }, at);
        return;
      }
      case "task.failed":
        this.takenBack = takenBackIn(event.data.error.details);
        return;
      default:
        return;
    }
  }

  private resumed({ seq, at, data }: TaskEventOf<"checkpoint.created">): void {
    const { state, cancelRequested, deadlinePassed } = data;
    const carried = carriedBy({ seq, data }).map(({ event }) => event);
    const stop = cancelRequested === undefined ? null : CANCELED;
    this.run.resume(state, {
      at,
      stop: stop ?? (deadlinePassed === true ? LATE : null),
      untold: new Set(carried.flatMap((event) => (isResult(event) ? [addressIn(event.data.path)?.address] : []))),
    });
    for (const event of carried) this.hear(event);
  }

  private decided({ at, data: { kind, path, choice } }: TaskEventOf<"decision.made">): void {
    if (kind !== "choice" || path === undefined || choice === null) return;
    const name = path.slice(path.indexOf(":") + 1);
    const error = failureOf(choice);
    if (name === STOPPED && error !== null) this.run.stop(error, at);
    else if (name.endsWith(REFUSED) && error !== null) this.settled(name.slice(0, -REFUSED.length), { error }, at);
    else this.run.choose(name, choice);
  }

  private completed({ at, data }: TaskEventOf<"step.completed">): void {
    const call = addressIn(data.path);
    if (call === null) return;
    const { address, node, purpose } = call;
    const isApproval = purpose === "stands" || nodeIn(this.graph, node)?.type === "approval";
    // Of all that came of calls, where it goes on depends on what people chose alone.
    if (!isApproval) return this.settled(address, { value: null }, at);
    const answer = resultOf(data.kind, data.result) as { readonly choice?: unknown } | null | undefined;
    this.settled(address, { value: purpose === "stands" ? answer?.choice : { choice: answer?.choice } }, at);
  }

  private settled(address: string, outcome: Outcome, at: number): void {
    this.details.delete(address);
    this.run.settle(address, outcome, at);
  }
}

/** Events that progress shows nothing of. */
export const PROGRESS_UNSEEN = [
  ...(["task.progressed", "task.assigned", "artifact.appended", "message.added"] as const),
] as const;

const isResult = (event: TaskEvent): event is TaskEventOf<"step.completed" | "step.failed"> =>
  event.type === "step.completed" || (event.type === "step.failed" && event.data.retryAt === undefined);

/** Of one that was visited more than once: what is being done, then what stands. */
const takenBackBy = ({ undone, stands, undoing }: Machine["back"]): ReadonlyMap<string, Back> =>
  new Map<string, Back>([
    ...undone.map(({ node }) => [node, "undone"] as const),
    ...stands.map(({ node }) => [node, "stands"] as const),
    ...(undoing === null ? [] : [[undoing.entry.node, "undoing"] as const]),
  ]);

/** Null of a failure that says nothing of it. */
const takenBackIn = (details: Readonly<Record<string, unknown>> | undefined): ReadonlyMap<string, Back> | null => {
  const { undone, stands } = details ?? {};
  if (!Array.isArray(undone) || !Array.isArray(stands)) return null;
  const nodesOf = (list: readonly { readonly node?: unknown }[], how: Back): [string, Back][] =>
    list.flatMap((each) => (typeof each?.node === "string" ? [[each.node, how] as [string, Back]] : []));
  return new Map([...nodesOf(undone, "undone"), ...nodesOf(stands, "stands")]);
};
