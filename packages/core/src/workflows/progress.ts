/**
 * How far a run has come: a pure fold of its log over the graph of its revision. It walks the graph as the machine does, but without data: what
 * was chosen is in the log, and where the log says something else than was expected (an expression failed, which is no event), the log is right.
 */
import type { SerializedError, TaskEvent, TaskState, WorkflowGraph, WorkflowNode } from "@agentcore/contract";
import { isTerminal } from "@agentcore/contract";
import { stateAfter } from "../tasks/view.ts";
import { type AddressStep, addressIn, type CallAddress } from "./address.ts";
import type { FrameState } from "./frame.ts";
import { joinRuleOf } from "./join-rule.ts";
import type { MachineState } from "./machine.ts";
import { createReach, type Reach } from "./reach.ts";
import { nodeIn } from "./regions.ts";

/**
 * waiting: for a person, a time, a signal or an event. canceled: it was under way when nobody needed it any more. skipped: it cannot be come to
 * any more. stands: its effect could not be taken back. unknown: the events that would say it were compacted.
 */
export const NODE_STATES = [
  ...(["pending", "running", "waiting", "done", "failed", "canceled", "skipped"] as const),
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
  readonly error?: { readonly code: string; readonly message: string };
}

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

/** What is under way of a node. */
interface UnderWay {
  readonly waitsFor: WaitsFor | undefined;
  dueAt: number | undefined;
  childTaskId: string | undefined;
}

interface Tally {
  visits: number;
  turn: number | undefined;
  readonly underWay: Map<string, UnderWay>;
  last: "done" | "failed" | "canceled" | null;
  undo: "undoing" | "asking" | "undone" | "stands" | null;
  /** One of its effects could not be taken back. */
  stands: boolean;
  /** Of a control node: regions of it that are open. */
  open: number;
  items: { done: number; failed: number; total: number; isTotalKnown: boolean } | null;
  startedAt: number | undefined;
  endedAt: number | undefined;
  error: NodeProgress["error"];
}

interface Fan {
  readonly node: string;
  readonly address: string;
  readonly open: Map<string, Walk>;
  readonly ended: Set<string>;
  succeeded: number;
  /** Of a map, where it is known; of a parallel its branches. */
  readonly total: number | null;
  /** Of a map: the next item to begin. */
  next: number;
}

/** A walk through a region, as a frame of the machine. */
interface Walk {
  readonly name: string;
  readonly parent: { readonly walk: Walk; readonly fan: Fan } | null;
  readonly prefix: string;
  at: string;
  /** The call that it waits for. */
  call: string | null;
  readonly visits: Map<string, number>;
  readonly turns: Map<string, number>;
  fan: Fan | null;
  isOver: boolean;
}

const createWalk = (at: string, name: string, parent: Walk["parent"]): Walk => ({
  ...{ name, parent, at, call: null, fan: null, isOver: false },
  prefix: parent === null ? "" : `${parent.fan.address}.${name}/`,
  visits: new Map(),
  turns: new Map(),
});

const MAX_MESSAGE = 500;
const errorOf = ({ code, message }: SerializedError): { readonly code: string; readonly message: string } => ({
  code,
  message: message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE)}…` : message,
});

export class ProgressFold {
  private readonly graph: WorkflowGraph;
  private readonly reach: Reach;
  private readonly tallies = new Map<string, Tally>();
  private root: Walk;
  private hasBegun = false;
  /** Nothing new begins: something failed, or it was stopped. The share as it was then. */
  private stoppedAt: number | null = null;
  /** While something fails, and regions are closed: as it was before. */
  private shareBefore: number | null = null;
  private readonly undo: { readonly node: string; readonly address: string }[] = [];
  private undoing: { readonly node: string; readonly address: string } | null = null;
  private state: TaskState = "submitted";
  private compacted = false;
  private now = 0;
  /** At the end of a turn, and another begins unless the next events say that it was the last. */
  private readonly turning = new Set<Walk>();
  /** Number of the last event. */
  seq = 0;

  constructor(graph: WorkflowGraph, reach: Reach = createReach(graph)) {
    this.graph = graph;
    this.reach = reach;
    this.root = createWalk(graph.start, "", null);
    for (const id of Object.keys(graph.nodes)) this.tallies.set(id, createTally());
  }

  /** In order; events of which nothing is shown may be left out (`PROGRESS_UNSEEN`). */
  apply(event: TaskEvent): void {
    this.now = event.at;
    this.seq = event.seq;
    this.state = stateAfter(event) ?? this.state;
    switch (event.type) {
      case "log.compacted":
        this.state = event.data.state;
        this.compacted = true;
        return;
      case "task.started":
        // In a log whose beginning is gone the next checkpoint says where it stands.
        if (!this.hasBegun && !this.compacted) this.begin();
        return;
      case "checkpoint.created":
        return this.restore(event.data.state);
      case "task.cancelRequested":
        return this.stop();
      case "decision.made":
        if (event.data.kind !== "choice" || event.data.path === undefined || event.data.choice === null) return;
        return this.at(event.data.path, (call, walk) => this.decided(call, walk, event.data.choice ?? ""));
      case "step.started":
        return this.at(event.data.path, (call, walk) => {
          if (call.purpose !== "call") return this.takesBack(call, "undoing");
          this.expect(call, walk);
          const underWay = this.tally(call.node).underWay.get(call.address);
          if (underWay === undefined) return;
          underWay.dueAt = event.data.dueAt;
          underWay.childTaskId = event.data.childTaskId;
        });
      case "task.inputRequired":
        return this.at(event.data.path, (call, walk) => {
          if (call.purpose === "call") this.expect(call, walk);
          else this.takesBack(call, "asking");
        });
      case "step.completed":
        return this.at(event.data.path, (call, walk) => this.completed(call, walk, event.data));
      case "step.failed":
        return this.at(event.data.path, (call, walk) => {
          if (call.purpose !== "call") return this.takesBack(call, "undoing", event.data.error);
          this.expect(call, walk);
          if (event.data.retryAt === undefined) this.settle(call, walk, errorOf(event.data.error));
          else this.tally(call.node).error = errorOf(event.data.error);
        });
      case "task.completed":
        this.finish();
        return;
      case "task.failed":
      case "task.canceled":
      case "task.rejected":
        this.stop();
        if (event.type === "task.failed") this.correct(event.data.error.details);
        return;
      default:
        return;
    }
  }

  view(): WorkflowProgress {
    return this.goneRound().show();
  }

  /** As it stands when nothing more is written now: what is at the end of a turn is in the next one. The fold itself waits for the log to say so. */
  private goneRound(): ProgressFold {
    if (this.turning.size === 0) return this;
    const { graph, reach, ...standing } = this;
    const copy = Object.assign(new ProgressFold(graph, reach), structuredClone(standing));
    for (const walk of copy.turning) copy.goRound(walk);
    return copy;
  }

  private show(): WorkflowProgress {
    const isOver = isTerminal(this.state);
    const { reachable } = this.remaining();
    const counts = Object.fromEntries(NODE_STATES.map((state) => [state, 0])) as Record<NodeState, number>;
    const nodes = Object.entries(this.graph.nodes).map(([id, node]) => {
      const shown = this.showNode(id, node, isOver, reachable);
      counts[shown.state] += 1;
      return shown;
    });
    return { state: this.state, share: this.share(), compacted: this.compacted, counts, nodes };
  }

  // ── the walk ─────────────────────────────────────────────────────────────────────────────────────────────────

  private tally(id: string): Tally {
    let tally = this.tallies.get(id);
    if (tally === undefined) {
      tally = createTally();
      this.tallies.set(id, tally);
    }
    return tally;
  }

  private node(id: string): WorkflowNode | undefined {
    return nodeIn(this.graph, id);
  }

  private begin(): void {
    this.hasBegun = true;
    this.advance(this.root);
  }

  /** On, as far as the graph alone says where. */
  private advance(walk: Walk): void {
    while (!walk.isOver && this.stoppedAt === null) {
      const id = walk.at;
      const node = this.node(id);
      if (node === undefined) return;
      switch (node.type) {
        case "task":
        case "workflow":
        case "custom":
        case "wait":
        case "approval":
          return this.call(walk, id, this.visit(walk, id));
        case "decision":
        case "gate":
          // What was chosen is in the log.
          return;
        case "loop": {
          const turn = walk.turns.get(id);
          if (turn !== undefined && node.until !== undefined) {
            // Only how it ends is written: it goes round until the log says so, which it does at once.
            if (turn < node.maxTurns) this.turning.add(walk);
            return;
          }
          if (turn === undefined) this.opened(id);
          else this.visit(walk, id);
          this.turn(walk, id, turn === undefined || turn < node.maxTurns ? "again" : "done");
          break;
        }
        case "parallel":
          return this.openFan(walk, id, this.visit(walk, id), Object.keys(node.branches).length);
        case "map":
          if (walk.parent?.fan.node === id) return this.childDone(walk);
          return;
        case "join":
          return this.childDone(walk);
        case "end":
          this.ended(id, "done");
          walk.isOver = true;
          return;
        case "fail":
          this.ended(id, "done");
          return this.fail(walk, id);
      }
    }
  }

  private visit(walk: Walk, id: string, visit = (walk.visits.get(id) ?? 0) + 1): string {
    walk.visits.set(id, visit);
    return `${walk.prefix}${id}${visit === 1 ? "" : `@${visit}`}`;
  }

  private call(walk: Walk, id: string, address: string): void {
    walk.call = address;
    this.opened(id);
    const tally = this.tally(id);
    tally.error = undefined;
    tally.underWay.set(address, { waitsFor: waitsFor(this.node(id)), dueAt: undefined, childTaskId: undefined });
  }

  private turn(walk: Walk, id: string, choice: string): void {
    const node = this.node(id);
    if (node?.type !== "loop") return;
    if (choice === "again") {
      const turn = (walk.turns.get(id) ?? 0) + 1;
      walk.turns.set(id, turn);
      this.tally(id).turn = turn;
      walk.at = node.body;
      return;
    }
    walk.turns.delete(id);
    this.closed(id, choice === "done" || node.otherwise !== undefined ? "done" : "failed");
    if (choice === "done") walk.at = node.next;
    else if (node.otherwise !== undefined) walk.at = node.otherwise;
    else this.fail(walk, id);
  }

  private goRound(walk: Walk): void {
    if (!this.turning.delete(walk) || walk.isOver || this.stoppedAt !== null) return;
    this.visit(walk, walk.at);
    this.turn(walk, walk.at, "again");
    this.advance(walk);
  }

  private decided(call: CallAddress, walk: Walk | null, choice: string): void {
    if (walk === null) return;
    const { node: id, visit } = call;
    const node = this.node(id);
    if (node?.type === "join") return this.met(walk, id, visit, choice);
    this.leave(walk, id);
    this.visit(walk, id, visit);
    if (node?.type === "loop") this.turn(walk, id, choice);
    else if (node?.type === "map") return this.openFan(walk, id, call.address, Number(choice));
    else if (node?.type === "decision" || node?.type === "gate") {
      this.opened(id);
      const next =
        node.type === "decision"
          ? choice
          : choice === "again"
            ? node.again
            : choice === "passed"
              ? node.next
              : node.otherwise;
      this.closed(id, next === undefined ? "failed" : "done");
      if (next === undefined) return this.fail(walk, id);
      walk.at = next;
    } else return;
    this.advance(walk);
  }

  /** What branches gave was enough, or not yet. */
  private met(walk: Walk, id: string, visit: number, choice: string): void {
    const node = this.node(id);
    this.visit(walk, id, visit);
    if (choice !== "decided" || walk.fan === null || node?.type !== "join") return;
    this.closeFan(walk, walk.fan, "done");
    this.ended(id, "done");
    walk.at = node.next;
    this.advance(walk);
  }

  private openFan(walk: Walk, id: string, address: string, total: number | null): void {
    const node = this.node(id);
    if (node?.type !== "parallel" && node?.type !== "map") return;
    this.opened(id);
    const fan: Fan = {
      ...{ node: id, address, open: new Map<string, Walk>(), ended: new Set<string>() },
      ...{ succeeded: 0, total, next: 0 },
    };
    walk.fan = fan;
    if (node.type === "parallel") {
      for (const [name, start] of Object.entries(node.branches))
        fan.open.set(name, createWalk(start, name, { walk, fan }));
      for (const child of [...fan.open.values()]) this.advance(child);
      return;
    }
    const { items } = this.tally(id);
    const before = items ?? { done: 0, failed: 0, total: 0, isTotalKnown: true };
    before.total += total ?? 0;
    before.isTotalKnown &&= total !== null;
    this.tally(id).items = before;
    if (total === 0) {
      walk.fan = null;
      this.closed(id, "done");
      walk.at = node.next;
      this.advance(walk);
    } else this.fill(walk, fan);
  }

  private fill(walk: Walk, fan: Fan): void {
    const node = this.node(fan.node);
    if (node?.type !== "map" || fan.total === null) return;
    while (walk.fan === fan && fan.open.size < (node.concurrency ?? 10) && fan.next < fan.total) {
      const name = String(fan.next++);
      if (fan.ended.has(name) || fan.open.has(name)) continue;
      const child = createWalk(node.body, name, { walk, fan });
      fan.open.set(name, child);
      this.advance(child);
    }
  }

  private childDone(child: Walk): void {
    if (child.parent === null) return;
    const { walk, fan } = child.parent;
    child.isOver = true;
    fan.open.delete(child.name);
    fan.ended.add(child.name);
    fan.succeeded += 1;
    this.countItem(fan, "done");
    this.childEnded(walk, fan);
  }

  private countItem({ node }: Fan, how: "done" | "failed"): void {
    const { items } = this.tally(node);
    if (items !== null) items[how] += 1;
  }

  private childEnded(walk: Walk, fan: Fan): void {
    const node = this.node(fan.node);
    if (walk.fan !== fan) return;
    if (node?.type === "map") {
      this.fill(walk, fan);
      // How many there are is not known of every log: then what comes behind the map says that it is over.
      if (walk.fan !== fan || fan.open.size > 0 || fan.total === null) return;
      this.closeFan(walk, fan, "done");
      walk.at = node.next;
    } else if (node?.type === "parallel") {
      const { need, failFast, next } = joinOf(node, this.graph);
      const enough = need !== null && fan.succeeded >= need;
      const least = need ?? (failFast ? (fan.total ?? 0) : 1);
      if (!enough && fan.succeeded + fan.open.size < least) {
        return this.failing(() => {
          this.closeFan(walk, fan, "failed");
          this.giveUp(walk, fan.node);
        });
      }
      if (!enough && fan.open.size > 0) return;
      this.closeFan(walk, fan, "done");
      this.ended(node.join, "done");
      walk.at = next;
    }
    this.advance(walk);
  }

  private closeFan(walk: Walk, fan: Fan, how: "done" | "failed"): void {
    for (const child of fan.open.values()) this.close(child);
    walk.fan = null;
    this.closed(fan.node, how);
  }

  /** Nothing of it goes on. What is under way of it stays so until the log says how it ended. */
  private close(walk: Walk): void {
    walk.isOver = true;
    walk.call = null;
    for (const loop of walk.turns.keys()) this.closed(loop, "canceled");
    walk.turns.clear();
    const { fan } = walk;
    if (fan === null) return;
    for (const child of fan.open.values()) this.close(child);
    walk.fan = null;
    this.closed(fan.node, "canceled");
  }

  private fail(walk: Walk, id: string): void {
    this.failing(() => this.giveUp(walk, id));
  }

  /** Should it stop the run, the share stays as it is now. */
  private failing(act: () => void): void {
    const isFirst = this.shareBefore === null;
    this.shareBefore ??= this.share();
    act();
    if (isFirst) this.shareBefore = null;
  }

  private giveUp(walk: Walk, id: string): void {
    const node = this.node(id);
    const way = node === undefined ? undefined : catchOf(node);
    if (way !== undefined) {
      walk.at = way;
      return this.advance(walk);
    }
    if (walk.parent === null) return this.stop();
    const { walk: outer, fan } = walk.parent;
    this.close(walk);
    fan.open.delete(walk.name);
    fan.ended.add(walk.name);
    const owner = this.node(fan.node);
    this.countItem(fan, "failed");
    const failFast =
      owner?.type === "parallel"
        ? joinOf(owner, this.graph).failFast
        : owner?.type === "map" && owner.onFailure !== "ignore";
    if (!failFast) return this.childEnded(outer, fan);
    this.closeFan(outer, fan, "failed");
    this.fail(outer, fan.node);
  }

  // ── what the log says ────────────────────────────────────────────────────────────────────────────────────────

  private at(path: string, act: (call: CallAddress, walk: Walk | null) => void): void {
    const call = addressIn(path);
    if (call === null || this.node(call.node) === undefined) return;
    const walk = call.purpose === "call" && this.stoppedAt === null ? this.find(call.within) : null;
    if (walk !== null && walk.at !== call.node) this.goRound(walk);
    act(call, walk);
  }

  /** The walk that an address is in; null when that is over. */
  private find(within: readonly AddressStep[]): Walk | null {
    let walk = this.root;
    for (const step of within) {
      this.goRound(walk);
      if (walk.fan?.address !== step.address) {
        if (step.visit <= (walk.visits.get(step.node) ?? 0)) return null;
        this.leave(walk, step.node);
        this.visit(walk, step.node, step.visit);
        const node = this.node(step.node);
        this.openFan(
          walk,
          step.node,
          step.address,
          node?.type === "parallel" ? Object.keys(node.branches).length : null,
        );
      }
      const { fan } = walk;
      if (fan === null || fan.ended.has(step.name)) return null;
      let child = fan.open.get(step.name);
      if (child === undefined) {
        const node = this.node(fan.node);
        child = createWalk(node?.type === "map" ? node.body : "", step.name, { walk, fan });
        fan.open.set(step.name, child);
        this.advance(child);
      }
      walk = child;
    }
    return walk.isOver ? null : walk;
  }

  /** It stands there, whatever was expected: what it was thought to be at has failed without an event, or is over. */
  private leave(walk: Walk, id: string): void {
    this.hasBegun = true;
    this.turning.delete(walk);
    if (walk.fan !== null && walk.fan.node !== id) {
      const { fan } = walk;
      const isMap = this.node(fan.node)?.type === "map";
      this.closeFan(walk, fan, isMap && fan.total === null ? "done" : "failed");
    }
    if (walk.call !== null && walk.at !== id) {
      this.tally(walk.at).underWay.delete(walk.call);
      this.ended(walk.at, "failed");
    }
    walk.call = null;
    walk.at = id;
  }

  /** The call is under way: that is what the log says. */
  private expect({ address, node, visit }: CallAddress, walk: Walk | null): void {
    if (walk === null || walk.call === address || visit <= (walk.visits.get(node) ?? 0)) return;
    this.leave(walk, node);
    this.call(walk, node, this.visit(walk, node, visit));
  }

  private completed(
    call: CallAddress,
    walk: Walk | null,
    data: { readonly kind: string; readonly result?: unknown | undefined },
  ): void {
    // What people said stands beside the id of their message.
    const result =
      data.kind === "input" ? (data.result as { readonly value?: unknown } | undefined)?.value : data.result;
    if (call.purpose === "stands") {
      const { choice } = (result ?? {}) as { readonly choice?: unknown };
      if (choice === "retry") this.takesBack(call, "undoing");
      else this.takesBack(call, choice === "done" ? "undone" : "stands");
    } else if (call.purpose === "undo") this.takesBack(call, "undone");
    else {
      this.expect(call, walk);
      this.settle(call, walk, null, result);
    }
  }

  private settle(call: CallAddress, walk: Walk | null, error: NodeProgress["error"] | null, result?: unknown): void {
    const { address, node: id } = call;
    const node = this.node(id);
    if (node === undefined) return;
    const tally = this.tally(id);
    tally.underWay.delete(address);
    const isCanceled = error?.code === "CANCELED" && (walk === null || walk.call !== address);
    this.ended(id, error === null ? "done" : isCanceled ? "canceled" : "failed");
    tally.error = error === null || isCanceled ? undefined : error;
    if (error === null && "undo" in node && node.undo !== undefined) this.undo.push({ node: id, address });
    if (walk !== null && walk.call === address) {
      walk.call = null;
      if (error !== null) this.fail(walk, id);
      else {
        walk.at = nextOf(node, result);
        this.advance(walk);
      }
    }
    this.takeBackNext();
  }

  // ── stopping, and taking back ────────────────────────────────────────────────────────────────────────────────

  private stop(): void {
    if (this.stoppedAt !== null) return;
    this.turning.clear();
    this.stoppedAt = this.shareBefore ?? this.share();
    this.close(this.root);
    this.takeBackNext();
  }

  private finish(): void {
    if (this.stoppedAt === null) this.stoppedAt = 1;
    for (const tally of this.tallies.values()) {
      if (tally.open > 0) tally.last = "done";
      tally.open = 0;
    }
  }

  /** The last that completed, once nothing is under way. */
  private takeBackNext(): void {
    if (this.stoppedAt === null || this.undoing !== null || isTerminal(this.state)) return;
    for (const { underWay } of this.tallies.values()) if (underWay.size > 0) return;
    this.undoing = this.undo.pop() ?? null;
    if (this.undoing !== null) this.tally(this.undoing.node).undo = "undoing";
  }

  private takesBack(call: CallAddress, how: NonNullable<Tally["undo"]>, error?: SerializedError): void {
    this.stop();
    const tally = this.tally(call.node);
    if (this.undoing?.address !== call.address) {
      const index = this.undo.findLastIndex(({ address }) => address === call.address);
      if (index !== -1) this.undo.length = index;
      this.undoing = { node: call.node, address: call.address };
    }
    tally.stands ||= how === "stands";
    // Of one that was visited more than once, what stands is what is to be seen.
    tally.undo = how === "undone" && tally.stands ? "stands" : how;
    if (error !== undefined) tally.error = errorOf(error);
    if (how !== "undone" && how !== "stands") return;
    if (how === "undone") tally.error = undefined;
    this.undoing = null;
    this.takeBackNext();
  }

  /** What the end of a failed run says of effects, also of those whose events are gone. */
  private correct(details: Readonly<Record<string, unknown>> | undefined): void {
    for (const how of ["undone", "stands"] as const) {
      const list = details?.[how];
      if (!Array.isArray(list)) continue;
      for (const each of list as readonly { readonly node?: unknown }[])
        if (typeof each?.node === "string" && this.tallies.has(each.node)) this.tally(each.node).undo = how;
    }
  }

  /** Where the machine stood: all of what is known of a log whose beginning is gone. */
  private restore(state: unknown): void {
    if (!isMachineState(state)) return;
    const wasGone = !this.hasBegun;
    this.hasBegun = true;
    if (state.failed !== undefined) {
      if (wasGone) this.restoreFailed(state, state.failed);
      // It takes back, and nothing else is under way: what was taken for begun never was.
      for (const tally of this.tallies.values()) tally.underWay.clear();
      this.stop();
      return this.takeBackNext();
    }
    this.turning.clear();
    for (const tally of this.tallies.values()) {
      tally.open = 0;
      // Nothing was under way then: what was taken for begun was held, and begins now.
      tally.visits -= tally.underWay.size;
      if (tally.underWay.size > 0 && tally.visits > 0) tally.last = "done";
      tally.underWay.clear();
    }
    if (wasGone) this.undo.splice(0, this.undo.length, ...state.undo.map(({ node, address }) => ({ node, address })));
    const leaves: Walk[] = [];
    const build = (frame: FrameState, parent: Walk["parent"]): Walk => {
      const walk = createWalk(frame.at, frame.name, parent);
      for (const [id, visits] of Object.entries(frame.visits)) walk.visits.set(id, visits);
      for (const [id, turn] of Object.entries(frame.turns)) {
        if (this.node(id)?.type !== "loop") continue;
        walk.turns.set(id, turn);
        this.tally(id).turn = turn;
        this.tally(id).open += 1;
      }
      if (wasGone) this.know(frame);
      if (frame.fan === undefined) leaves.push(walk);
      else {
        const { address, outputs, next, total } = frame.fan;
        const node = this.node(frame.at);
        const fan: Fan = {
          ...{ node: frame.at, address, open: new Map<string, Walk>(), next, succeeded: outputs.length },
          ended: new Set(outputs.map(([name]) => name)),
          total: node?.type === "parallel" ? Object.keys(node.branches).length : (total ?? null),
        };
        const tally = this.tally(frame.at);
        tally.open += 1;
        if (wasGone && node?.type === "map")
          tally.items = { done: outputs.length, failed: 0, total: total ?? 0, isTotalKnown: total !== undefined };
        walk.fan = fan;
        for (const child of frame.fan.frames) fan.open.set(child.name, build(child, { walk, fan }));
        // Those that failed and are left out are in neither list.
        for (let index = 0; node?.type === "map" && index < next; index++)
          if (!fan.open.has(String(index))) fan.ended.add(String(index));
      }
      return walk;
    };
    this.root = build(state.root, null);
    for (const leaf of leaves) this.advance(leaf);
    const fillAll = (walk: Walk): void => {
      if (walk.fan === null) return;
      for (const child of [...walk.fan.open.values()]) fillAll(child);
      if (walk.fan !== null) this.fill(walk, walk.fan);
    };
    fillAll(this.root);
  }

  private restoreFailed({ root, undo }: MachineState, { undone, stands }: NonNullable<MachineState["failed"]>): void {
    this.know(root);
    this.undo.splice(0, this.undo.length, ...undo.map(({ node, address }) => ({ node, address })));
    for (const { node } of undone) this.tally(node).undo = "undone";
    for (const { node } of stands) {
      const tally = this.tally(node);
      tally.undo = "stands";
      tally.stands = true;
    }
    this.stop();
  }

  private know({ visits, outputs, errors, at, fan }: FrameState): void {
    for (const [id, count] of Object.entries(visits)) {
      const tally = this.tally(id);
      tally.visits = Math.max(tally.visits, count);
      // It was asked whether its branches are enough.
      if (this.node(id)?.type === "join" && !Object.hasOwn(outputs, id)) continue;
      // It has done both, and which came last is not said.
      if (Object.hasOwn(outputs, id) && Object.hasOwn(errors, id)) continue;
      const error = errors[id];
      // Nothing was under way then: what it had come to is over, unless it is something that it is still within.
      if (error === undefined) tally.last = id === at && fan !== undefined ? null : "done";
      else {
        tally.last = "failed";
        tally.error = errorOf(error as SerializedError);
      }
    }
  }

  // ── tallies ──────────────────────────────────────────────────────────────────────────────────────────────────

  private opened(id: string): void {
    const tally = this.tally(id);
    tally.visits += 1;
    tally.open += isControl(this.node(id)) ? 1 : 0;
    tally.startedAt = this.now;
    tally.endedAt = undefined;
    tally.last = null;
  }

  private closed(id: string, how: "done" | "failed" | "canceled"): void {
    const tally = this.tally(id);
    tally.open = Math.max(0, tally.open - 1);
    tally.last = how;
    tally.endedAt = this.now;
  }

  /** Also of what nothing was seen to begin. */
  private ended(id: string, how: "done" | "failed" | "canceled"): void {
    const tally = this.tally(id);
    if (tally.visits === 0 || !isCall(this.node(id))) {
      tally.visits += isCall(this.node(id)) && tally.visits > 0 ? 0 : 1;
      tally.startedAt ??= this.now;
    }
    tally.last = how;
    tally.endedAt = this.now;
  }

  // ── what is shown ────────────────────────────────────────────────────────────────────────────────────────────

  private remaining(): { readonly reachable: ReadonlySet<string>; readonly parts: ReadonlyMap<string, number> } {
    const remaining = this.reach.begin();
    if (this.stoppedAt === null && !isTerminal(this.state) && (this.hasBegun || !this.compacted))
      this.collect(this.root, remaining);
    return remaining;
  }

  private collect(walk: Walk, remaining: ReturnType<Reach["begin"]>): void {
    if (walk.isOver) return;
    const { fan } = walk;
    if (fan === null) return remaining.from(walk.at, walk.turns.has(walk.at) ? "exit" : "enter");
    remaining.from(fan.node, "behind");
    if (this.node(fan.node)?.type === "map")
      remaining.within(fan.node, fan.total === null || fan.total === 0 ? 1 : 1 - fan.ended.size / fan.total);
    else for (const child of fan.open.values()) this.collect(child, remaining);
  }

  private share(): number {
    if (this.state === "completed") return 1;
    if (this.stoppedAt !== null) return this.stoppedAt;
    const work = Object.values(this.graph.nodes).filter(isCall).length;
    // Where it stood is not known before the first checkpoint after what was compacted.
    if (work === 0 || (!this.hasBegun && this.compacted)) return 0;
    let left = 0;
    for (const part of this.remaining().parts.values()) left += part;
    return Math.round((1 - left / work) * 1000) / 1000;
  }

  private showNode(id: string, node: WorkflowNode, isOver: boolean, reachable: ReadonlySet<string>): NodeProgress {
    const tally = this.tally(id);
    const { underWay, items, turn, startedAt, endedAt, error, visits } = tally;
    const calls = [...underWay.values()];
    const [only] = calls;
    const waiting = calls.every((each) => each.waitsFor !== undefined) ? only?.waitsFor : undefined;
    const state = this.stateOf(tally, isOver, reachable.has(id), waiting !== undefined);
    const asked = tally.undo === "asking" && state === "undoing" ? ("person" as const) : undefined;
    const waits = asked ?? (state === "waiting" ? waiting : undefined);
    const isUnderWay = state === "running" || state === "waiting";
    return {
      ...{ id, type: node.type, state, visits },
      ...(waits === undefined ? {} : { waitsFor: waits }),
      ...(turn === undefined ? {} : { turn }),
      ...(items === null
        ? {}
        : { items: { done: items.done, failed: items.failed, ...(items.isTotalKnown ? { total: items.total } : {}) } }),
      ...(isUnderWay && calls.length > 1 ? { underWay: calls.length } : {}),
      ...(startedAt === undefined ? {} : { startedAt }),
      ...(endedAt === undefined || isUnderWay ? {} : { endedAt }),
      ...(isUnderWay && only?.dueAt !== undefined ? { dueAt: only.dueAt } : {}),
      ...(isUnderWay && calls.length === 1 && only?.childTaskId !== undefined ? { childTaskId: only.childTaskId } : {}),
      ...(error === undefined ? {} : { error }),
    };
  }

  private stateOf(tally: Tally, isOver: boolean, isReachable: boolean, isWaiting: boolean): NodeState {
    const { undo, underWay, last, open } = tally;
    if (undo === "undone" || undo === "stands") return undo;
    if (undo !== null) return isOver ? "stands" : "undoing";
    if (underWay.size > 0) return isOver ? "canceled" : isWaiting ? "waiting" : "running";
    if (open > 0) return isOver ? "canceled" : "running";
    if (last !== null) return last;
    if (isReachable && !isOver) return "pending";
    return this.compacted ? "unknown" : "skipped";
  }
}

/** Events that progress shows nothing of. */
export const PROGRESS_UNSEEN = [
  ...(["task.progressed", "task.assigned", "artifact.appended", "message.added"] as const),
] as const;

const createTally = (): Tally => ({
  ...{ visits: 0, turn: undefined, underWay: new Map(), last: null, undo: null, stands: false, open: 0, items: null },
  ...{ startedAt: undefined, endedAt: undefined, error: undefined },
});

const waitsFor = (node: WorkflowNode | undefined): WaitsFor | undefined => {
  if (node?.type === "approval") return "person";
  if (node?.type !== "wait") return undefined;
  if (node.signal !== undefined) return "signal";
  return node.event === undefined ? "time" : "event";
};

const isCall = (node: WorkflowNode | undefined): boolean =>
  node !== undefined && ["task", "workflow", "custom", "wait", "approval"].includes(node.type);
const isControl = (node: WorkflowNode | undefined): boolean =>
  node !== undefined && ["parallel", "map", "loop", "decision", "gate"].includes(node.type);

const nextOf = (node: WorkflowNode, result: unknown): string => {
  if (node.type === "approval") {
    const choice = (result as { readonly choice?: unknown } | null | undefined)?.choice;
    const way = typeof choice === "string" && node.on !== undefined && Object.hasOwn(node.on, choice);
    return (way ? node.on?.[choice] : undefined) ?? node.next;
  }
  return "next" in node ? node.next : "";
};

const catchOf = (node: WorkflowNode): string | undefined => {
  if (node.type === "wait" || node.type === "approval") return node.otherwise;
  return "catch" in node ? node.catch : undefined;
};

/** As the machine has it. */
const joinOf = (
  node: Extract<WorkflowNode, { type: "parallel" }>,
  graph: WorkflowGraph,
): { readonly need: number | null; readonly failFast: boolean; readonly next: string } => {
  const join = graph.nodes[node.join];
  if (join?.type !== "join") return { need: null, failFast: true, next: node.join };
  return { ...joinRuleOf(join), next: join.next };
};

const isMachineState = (state: unknown): state is MachineState =>
  typeof state === "object" && state !== null && "root" in state && "undo" in state && Array.isArray(state.undo);
