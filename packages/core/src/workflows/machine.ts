/**
 * The interpreter of a graph, without I/O: `begin` and `settle` say how things stand, `take` gives the calls that are due then. What it knows
 * is JSON (`snapshot`); the same outcomes in the same order lead to the same calls, so a replay comes to where the run was.
 *
 * running → ending (something failed, or it was stopped: what is under way is waited for, then one after the other is taken back,
 * the last that completed first) → ended.
 */
import { PlatformError, type StandingNode, type UndoneNode, type WorkflowState } from "@agentcore/contract";
import type { WorkflowScope } from "@agentcore/contract/authoring";
import { assertFits } from "./assert-fits.ts";
import { type ChoiceLog, Choices, failureIn } from "./choices.ts";
import type {
  CallNode,
  CompiledNode,
  CompiledWorkflow,
  GateNode,
  LoopNode,
  MapNode,
  ParallelNode,
} from "./compile-workflow.ts";
import { holds } from "./compile-workflow.ts";
import { type Fan, Frame } from "./frame.ts";
import { frozenCopy } from "./frozen-copy.ts";
import { assertCount, itemsOf } from "./map-items.ts";
import { doneOf, mergeBranches } from "./merge-branches.ts";
import { nodeFailure } from "./node-failure.ts";
import { TakingBack, type UndoCall, type Undoing } from "./taking-back.ts";

// Choices in a row without anything to be done between them: more go round for nothing, and hold up everybody else.
const MAX_IDLE_CHOICES = 10_000;

/** Names of failures beside the graph: behind the address of a call that was refused before it began; of what stopped the whole. */
export const REFUSED = "~refused";
export const STOPPED = "~stopped";

/** Something to be done, and to be told of by `settle` under its address. */
export type Call = NodeCall | UndoCall;
export interface NodeCall {
  readonly address: string;
  readonly type: "node";
  readonly node: CallNode;
  readonly input: unknown;
  /** Chosen now; null where the graph says it. */
  readonly target: unknown;
  readonly text: unknown;
  /** It was under way at the snapshot, and goes on. */
  readonly isCarried: boolean;
}

export type Outcome = { readonly value: unknown } | { readonly error: PlatformError };

export type End =
  | { readonly type: "completed"; readonly output: unknown }
  | {
      readonly type: "failed";
      readonly error: PlatformError;
      /** In the order of being taken back. */
      readonly undone: readonly UndoneNode[];
      readonly stands: readonly StandingNode[];
    };

/** Hears of what it comes to; of calls by `take` and `open`. Nothing of that changes its way. */
export interface Observer {
  began(node: CompiledNode): void;
  /** The frame is as it was: with the fan, or the turn, of the node. canceled: nobody needs any more what it would come to. */
  ended(node: CompiledNode, how: "done" | "failed" | "canceled", frame: Frame, error?: PlatformError): void;
  /** Something failed; what that ends has not ended yet. */
  failing(): void;
}

/** A call under way. */
interface Open {
  readonly node: CallNode;
  readonly frame: Frame;
  isUnneeded: boolean;
}

export class Machine {
  private readonly workflow: CompiledWorkflow;
  private readonly input: unknown;
  private readonly choices: Choices;
  private readonly checkOutput: (output: unknown) => void;
  private readonly observer: Observer | null;
  readonly root: Frame;
  readonly back: TakingBack;
  readonly open = new Map<string, Open>();
  private readonly ready: Frame[] = [];
  /** Those whose calls do not begin, as long as it holds. */
  private held: Frame[] = [];
  private due: Call[] = [];
  private unneeded: string[] = [];
  failure: PlatformError | null = null;
  private isHolding = false;
  /** Set once. */
  end: End | null = null;

  /** `checkOutput` throws for what the workflow may not give. Throws NON_DETERMINISTIC for a state that is of another graph. */
  constructor(
    workflow: CompiledWorkflow,
    input: unknown,
    {
      choices,
      checkOutput,
      observer = null,
    }: {
      readonly choices: ChoiceLog;
      readonly checkOutput: (output: unknown) => void;
      readonly observer?: Observer | null;
    },
    state: WorkflowState | null = null,
  ) {
    if (state !== null) assertFits(workflow, state);
    this.workflow = workflow;
    this.checkOutput = checkOutput;
    this.input = frozenCopy(input);
    this.choices = new Choices(choices);
    this.observer = observer;
    this.root =
      state === null
        ? new Frame(workflow.graph.start, "", null)
        : Frame.of(state.root, null, (id) => this.node(id) as ParallelNode | MapNode);
    this.back = new TakingBack(workflow, state);
    if (state?.failed === undefined) return;
    this.failure = PlatformError.fromJSON(state.failed.error);
    this.root.isOver = true;
  }

  /** Once, at the start. `told`: that it is to stop, before it went on from its snapshot. */
  begin(told: PlatformError | null = null): void {
    if (this.failure === null) {
      this.wake(this.root);
      if (told !== null) this.stop(told);
    }
    this.run();
  }

  /** The call came to an end. Of an address that is not under way it does nothing. */
  settle(address: string, outcome: Outcome): void {
    if (this.end !== null) return;
    if (this.back.undoing !== null) return this.settleUndo(this.back.undoing, address, outcome);
    const open = this.open.get(address);
    if (open === undefined) return;
    this.open.delete(address);
    const { node, frame } = open;
    frame.isWaiting = false;
    if ("value" in outcome) {
      if (!frame.isOver || node.undo !== null) frame.complete(node.id, frozenCopy(outcome.value));
      this.remember(node, frame, address);
      this.observer?.ended(node, "done", frame);
    }
    if (frame.isOver && "error" in outcome)
      this.observer?.ended(node, outcome.error.code === "CANCELED" ? "canceled" : "failed", frame, outcome.error);
    if (!frame.isOver) {
      if ("error" in outcome) this.fail(frame, node, outcome.error);
      else {
        frame.at = nextOf(node, outcome.value);
        this.ready.push(frame);
      }
    }
    this.run();
  }

  /** Records a failure beside the graph, which the log would have no word of. The machine is still to be told. */
  note(name: string, error: PlatformError): void {
    this.choices.note(name, error);
  }

  /** Cancel, deadline: everything under way is to end, and to be taken back. */
  stop(error: PlatformError): void {
    if (this.end !== null || this.failure !== null) return;
    this.observer?.failing();
    this.giveUp(error);
    this.run();
  }

  /** No call begins any more that is not under way, so that there is a moment for a snapshot. */
  hold(): void {
    this.isHolding = true;
  }

  /** They begin after all. */
  release(): void {
    this.isHolding = false;
    this.ready.push(...this.held.splice(0));
    this.run();
  }

  /** Held, and a snapshot has all that matters: where steps are, and calls that nobody waits for any more, it cannot say. */
  get isStill(): boolean {
    if (!this.isHolding || this.back.undoing !== null || this.end !== null) return false;
    if (this.failure !== null) return this.open.size === 0;
    for (const { node, isUnneeded } of this.open.values()) if (isUnneeded || node.spec.type === "custom") return false;
    return true;
  }

  /** Calls are under way whose outcome is for nobody but their undo. */
  get hasUnneeded(): boolean {
    for (const { isUnneeded } of this.open.values()) if (isUnneeded) return true;
    return false;
  }

  /** Outputs and effects that a snapshot would carry. */
  get weight(): number {
    const weigh = (frame: Frame): number => {
      let sum = Object.keys(frame.outputs).length;
      if (frame.fan !== null) {
        sum += frame.fan.outputs.size;
        for (const child of frame.fan.frames) sum += weigh(child);
      }
      return sum;
    };
    return weigh(this.root) + this.back.entries.length;
  }

  snapshot(): WorkflowState {
    const { failure } = this;
    const { entries: undo, undone, stands } = this.back;
    const state = { root: this.root.toState(), undo };
    if (failure === null) return state;
    // Nobody looks at what nodes gave any more.
    const root = { ...state.root, outputs: {} };
    return { ...state, root, failed: { error: failure.toJSON(), undone, stands } };
  }

  /** The calls that are due, each once. */
  take(): readonly Call[] {
    const due = this.due;
    if (due.length > 0) this.due = [];
    return due;
  }

  /** Addresses of calls under way that nobody waits for any more, each once; they are to be told of all the same. */
  takeUnneeded(): readonly string[] {
    const { unneeded } = this;
    if (unneeded.length > 0) this.unneeded = [];
    return unneeded;
  }

  // ── going on ─────────────────────────────────────────────────────────────────────────────────────────────────

  private node(id: string): CompiledNode {
    const node = this.workflow.nodes.get(id);
    if (node === undefined) throw new PlatformError("INTERNAL", `the graph has no node "${id}"`);
    return node;
  }

  /** After a snapshot: whatever stood somewhere goes on from there. */
  private wake(frame: Frame): void {
    if (frame.fan === null) {
      if (frame.isWaiting) this.carryOn(frame);
      else this.ready.push(frame);
      return;
    }
    const { fan } = frame;
    // Before the children, which see their items.
    const { node } = fan;
    if (node.type === "map")
      try {
        fan.items = this.choices.given(fan.address, () => {
          const items = itemsOf(node, this.scope(frame, node), fan.total);
          assertCount(node, items, fan.total ?? items.length);
          return items;
        });
      } catch (error) {
        return this.fail(frame, node, failureIn(error));
      }
    for (const child of fan.frames) this.wake(child);
    if (frame.fan === fan) this.fill(frame, fan);
  }

  private run(): void {
    for (let frame = this.ready.shift(); frame !== undefined; frame = this.ready.shift())
      if (!frame.isOver && this.failure === null && this.end === null) this.walk(frame);
    if (this.failure !== null && this.end === null && this.back.undoing === null && this.open.size === 0)
      this.takeBack();
  }

  /** On, until something has to be waited for. */
  private walk(frame: Frame): void {
    let idle = 0;
    while (!frame.isOver && this.end === null && this.failure === null) {
      const node = this.node(frame.at);
      try {
        if (++idle > MAX_IDLE_CHOICES)
          throw new PlatformError(
            "WORKFLOW_FAILED",
            `it went on ${MAX_IDLE_CHOICES} times without anything to be done`,
          );
        if (!this.enter(frame, node)) return;
      } catch (error) {
        this.fail(frame, node, failureIn(error));
        return;
      }
    }
  }

  /** True when the frame stands at the next node. */
  private enter(frame: Frame, node: CompiledNode): boolean {
    switch (node.type) {
      case "call":
        this.call(frame, node);
        return false;
      case "decision": {
        const scope = this.scope(frame, node);
        frame.at = this.choices.choose(frame.visit(node.id), () => {
          const found = node.cases.find(({ when, reason }) => holds(when, scope, reason));
          return { choice: found?.next ?? node.otherwise, reasons: [found?.reason ?? "otherwise"] };
        });
        this.observer?.ended(node, "done", frame);
        return true;
      }
      case "parallel":
        this.branch(frame, node);
        return false;
      case "join":
        this.childDone(frame);
        return false;
      case "map":
        if (frame.parent?.fan.node === node) this.childDone(frame);
        else this.spread(frame, node);
        return false;
      case "loop":
        this.turn(frame, node);
        return true;
      case "gate":
        this.judge(frame, node);
        return true;
      case "end": {
        const output = this.choices.given(frame.visit(node.id), () => {
          const value = node.output(this.scope(frame, node));
          // Refused now it fails the workflow, and what was done is taken back.
          this.checkOutput(value);
          return value;
        });
        this.observer?.ended(node, "done", frame);
        this.close(this.root, "done");
        this.abandon();
        this.end = { type: "completed", output };
        return false;
      }
      case "fail": {
        const message = this.choices.given(frame.visit(node.id), () => String(node.message(this.scope(frame, node))));
        this.fail(frame, node, new PlatformError("WORKFLOW_FAILED", message));
        return false;
      }
    }
  }

  private scope(frame: Frame, node: CompiledNode): WorkflowScope {
    return frame.scope(this.input, node.loop);
  }

  private call(frame: Frame, node: CallNode): void {
    if (this.isHolding) this.held.push(frame);
    else this.make(frame, node, frame.visit(node.id), false);
  }

  private carryOn(frame: Frame): void {
    const node = this.node(frame.at) as CallNode;
    try {
      this.make(frame, node, frame.addressOf(node.id), true);
    } catch (error) {
      this.fail(frame, node, failureIn(error));
    }
  }

  private make(frame: Frame, node: CallNode, address: string, isCarried: boolean): void {
    const scope = this.scope(frame, node);
    const given = this.choices.given(
      address,
      () => ({ input: node.input(scope), target: node.target?.(scope) ?? null, text: node.text?.(scope) }),
      () => (isCarried ? undefined : frame.unvisit(node.id)),
    );
    frame.isWaiting = true;
    this.open.set(address, { node, frame, isUnneeded: false });
    this.due.push({ type: "node", address, node, ...given, isCarried });
  }

  private turn(frame: Frame, node: LoopNode): void {
    const done = frame.turns[node.id];
    if (done === undefined) {
      frame.turns[node.id] = 1;
      frame.at = node.body;
      this.observer?.began(node);
      return;
    }
    const scope = frame.scope(this.input, node.id);
    const isLast = done >= node.maxTurns;
    const address = frame.visit(node.id);
    const choice =
      node.until === null
        ? isLast
          ? "done"
          : "again"
        : this.choices.choose(
            address,
            () => {
              if (node.until !== null && holds(node.until, scope, node.reason))
                return { choice: "done", reasons: [node.reason] };
              return isLast
                ? { choice: "usedUp", reasons: [`${node.maxTurns} turns`] }
                : { choice: "again", reasons: [`turn ${done}`] };
            },
            // Of a thousand turns, what ends them says all.
            "again",
          );
    this.forgetTurns(frame, node.id);
    if (choice === "again") {
      frame.turns[node.id] = done + 1;
      frame.at = node.body;
      return;
    }
    frame.complete(node.id, scope.previous);
    if (choice === "done") frame.at = node.next;
    else frame.at = node.otherwise ?? usedUp(node, `${node.maxTurns} turns, and ${node.reason} does not hold`);
    this.observer?.ended(node, "done", frame);
    delete frame.turns[node.id];
  }

  /** Of what is within the loop: a way round a gate may have left some. */
  private forgetTurns(frame: Frame, loop: string): void {
    for (const id of Object.keys(frame.turns)) {
      let within = this.node(id).loop;
      while (within !== null && within !== loop) within = this.node(within).loop;
      if (within === loop) delete frame.turns[id];
    }
  }

  private judge(frame: Frame, node: GateNode): void {
    const turn = (frame.turns[node.id] ?? 0) + 1;
    const scope = { ...this.scope(frame, node), turn };
    const choice = this.choices.choose(frame.visit(node.id), () => {
      if (holds(node.pass, scope, node.reason)) return { choice: "passed", reasons: [node.reason] };
      return { choice: turn < node.maxTurns ? "again" : "usedUp", reasons: [`${turn} of ${node.maxTurns}`] };
    });
    if (choice === "again") {
      frame.turns[node.id] = turn;
      frame.at = node.again;
    } else {
      delete frame.turns[node.id];
      if (choice === "passed") frame.at = node.next;
      else frame.at = node.otherwise ?? usedUp(node, `${node.reason} did not hold in ${turn} turns`);
    }
    this.observer?.ended(node, "done", frame);
  }

  // ── branches and items ───────────────────────────────────────────────────────────────────────────────────────

  private branch(frame: Frame, node: ParallelNode): void {
    const fan = this.openFan(frame, node, frame.visit(node.id), null);
    for (const [name, start] of node.branches) this.startChild(frame, fan, name, start);
  }

  private spread(frame: Frame, node: MapNode): void {
    const address = frame.visit(node.id);
    const made = this.choices.made(address);
    const items = this.choices.given(
      address,
      () => itemsOf(node, this.scope(frame, node), made === null ? null : Number(made)),
      () => frame.unvisit(node.id),
    );
    // How many there are is seen by nobody else: the list is made of what other nodes gave.
    const count = this.choices.choose(address, () => ({ choice: String(items.length), reasons: ["items"] }));
    assertCount(node, items, Number(count));
    if (items.length === 0) {
      this.observer?.ended(node, "done", frame);
      frame.complete(node.id, []);
      frame.at = node.next;
      this.ready.push(frame);
      return;
    }
    this.fill(frame, this.openFan(frame, node, address, items));
  }

  private openFan(frame: Frame, node: ParallelNode | MapNode, address: string, items: readonly unknown[] | null): Fan {
    const fan: Fan = {
      ...{ node, address, frames: new Set<Frame>(), outputs: new Map<string, unknown>() },
      ...{ order: [], nodes: new Map<string, Readonly<Record<string, unknown>>>(), next: 0, items },
      total: items?.length ?? null,
    };
    frame.fan = fan;
    this.observer?.began(node);
    return fan;
  }

  private startChild(frame: Frame, fan: Fan, name: string, start: string): void {
    const child = new Frame(start, name, { frame, fan });
    fan.frames.add(child);
    this.ready.push(child);
  }

  /** Begins as many items as may be under way. */
  private fill(frame: Frame, fan: Fan): void {
    const { node } = fan;
    if (node.type !== "map" || fan.items === null) return;
    while (fan.frames.size < node.concurrency && fan.next < fan.items.length)
      this.startChild(frame, fan, String(fan.next++), node.body);
  }

  private childDone(child: Frame): void {
    const { parent } = child;
    if (parent === null) throw new PlatformError("INTERNAL", "a branch ended outside of any");
    const { frame, fan } = parent;
    const { previous } = child.scope(this.input, null);
    child.isOver = true;
    fan.frames.delete(child);
    fan.outputs.set(child.name, previous);
    fan.order.push(child.name);
    if (fan.node.type === "parallel") fan.nodes.set(child.name, child.outputs);
    this.childEnded(frame, fan);
  }

  private childFailed(child: Frame, error: PlatformError): void {
    const { frame, fan } = child.parent as NonNullable<Frame["parent"]>;
    this.close(child);
    fan.frames.delete(child);
    if (fan.node.failFast) return this.failed(frame, fan.node, error);
    if (fan.node.type === "map") fan.outputs.set(child.name, null);
    this.childEnded(frame, fan, error);
  }

  private childEnded(frame: Frame, fan: Fan, error?: PlatformError): void {
    const { node } = fan;
    if (node.type === "map") {
      this.fill(frame, fan);
      if (fan.frames.size > 0) return;
      this.observer?.ended(node, "done", frame);
      frame.fan = null;
      frame.complete(
        node.id,
        Object.freeze(Array.from({ length: fan.next }, (_, index) => fan.outputs.get(String(index)) ?? null)),
      );
    } else {
      const need = node.need ?? (node.failFast ? node.branches.length : 1);
      let enough = node.need !== null && fan.order.length >= need;
      try {
        enough ||= error === undefined && this.isDecided(frame, fan, node);
      } catch (failure) {
        return this.fail(frame, node, failureIn(failure));
      }
      if (!enough && fan.order.length + fan.frames.size < need)
        return this.fail(frame, node, error ?? new PlatformError("WORKFLOW_FAILED", `${node.id}: no branch is left`));
      if (!enough && fan.frames.size > 0) return;
      this.closeFan(frame);
      for (const [name] of node.branches) frame.add(fan.nodes.get(name));
      try {
        const merged = this.choices.given(fan.address, () =>
          frozenCopy(mergeBranches(fan, node, () => this.scope(frame, node))),
        );
        frame.complete(node.join, merged);
      } catch (failure) {
        return this.fail(frame, node, failureIn(failure));
      }
      this.observer?.ended(node, "done", frame);
      this.observer?.ended(this.node(node.join), "done", frame);
    }
    frame.at = node.next;
    this.ready.push(frame);
  }

  /** Branches under way can change nothing any more. */
  private isDecided(frame: Frame, fan: Fan, { until, untilReason, asks, join, ...node }: ParallelNode): boolean {
    if (until === null || fan.frames.size === 0) return false;
    const branches = Object.fromEntries(doneOf(fan, node));
    const choice = this.choices.choose(frame.visit(join), () => ({
      choice: holds(until, { ...frame.scope(this.input, node.loop), branches }, untilReason) ? "decided" : "open",
      reasons: [asks],
    }));
    return choice === "decided";
  }

  // ── failing, and taking back ─────────────────────────────────────────────────────────────────────────────────

  private fail(frame: Frame, node: CompiledNode, error: PlatformError): void {
    this.observer?.failing();
    this.failed(frame, node, error);
  }

  private failed(frame: Frame, node: CompiledNode, error: PlatformError): void {
    // A node that fails is what it is there for.
    this.observer?.ended(node, node.type === "fail" ? "done" : "failed", frame, error);
    if (node.type === "loop") delete frame.turns[node.id];
    this.closeFan(frame);
    const way = "catch" in node && catches(node, error) ? node.catch : null;
    if (way !== null) {
      frame.errors[node.id] = { code: error.code, message: error.message };
      frame.at = way;
      this.ready.push(frame);
    } else if (frame.parent !== null) this.childFailed(frame, nodeFailure(node, error));
    else this.giveUp(nodeFailure(node, error));
  }

  private giveUp(error: PlatformError): void {
    this.failure = error;
    this.close(this.root);
    this.abandon();
  }

  /** Nothing of it goes on: what it was within has ended. */
  private close(frame: Frame, how: "done" | "canceled" = "canceled"): void {
    frame.isOver = true;
    if (this.observer !== null)
      for (const id of Object.keys(frame.turns)) {
        const node = this.node(id);
        if (node.type === "loop") this.observer.ended(node, how, frame);
      }
    if (frame.fan === null) return;
    this.observer?.ended(frame.fan.node, how, frame);
    for (const child of frame.fan.frames) this.close(child);
    frame.fan = null;
  }

  /** The branches or items that are under way need not go on; the frame does. */
  private closeFan(frame: Frame): void {
    if (frame.fan === null) return;
    for (const child of frame.fan.frames) this.close(child);
    frame.fan = null;
    this.abandon();
  }

  /** Calls whose frames are over. */
  private abandon(): void {
    // Those that were not taken yet need not begin; what has begun before a snapshot is made again, to be told how it ends.
    this.due = this.due.filter((call) => {
      const open = this.open.get(call.address);
      if (open?.frame.isOver !== true || (call.type === "node" && call.isCarried)) return true;
      this.open.delete(call.address);
      return false;
    });
    for (const [address, open] of this.open) {
      if (!open.frame.isOver || open.isUnneeded) continue;
      open.isUnneeded = true;
      this.unneeded.push(address);
    }
  }

  private remember(node: CallNode, frame: Frame, address: string): void {
    if (node.undo === null) return;
    const { undo, id } = node;
    try {
      const input = this.choices.given(`${address}~undo`, () => undo.input(this.scope(frame, node)));
      this.back.entries.push({ address, node: id, input: input ?? null });
    } catch (error) {
      this.back.entries.push({ address, node: id, input: null, broken: PlatformError.from(error).message });
    }
  }

  private takeBack(): void {
    const { failure, back } = this;
    if (failure === null || (this.isHolding && back.entries.length > 0)) return;
    const call = back.next();
    if (call === null) this.end = { type: "failed", error: failure, undone: back.undone, stands: back.stands };
    else this.due.push(call);
  }

  private settleUndo(undoing: Undoing, address: string, outcome: Outcome): void {
    if (undoing.address !== address) return;
    const call = this.back.settle(undoing, outcome);
    if (call === null) this.takeBack();
    else this.due.push(call);
  }
}

/** An approval may lead on by what was chosen. */
const nextOf = ({ spec }: CallNode, value: unknown): string => {
  if (spec.type !== "approval") return spec.next;
  const choice = (value as { readonly choice?: unknown } | null)?.choice;
  return (
    (typeof choice === "string" && spec.on !== undefined && Object.hasOwn(spec.on, choice)
      ? spec.on[choice]
      : undefined) ?? spec.next
  );
};

/** A wait and an approval lead elsewhere when nothing came in time, and for no other reason. */
const catches = (node: CallNode | ParallelNode | MapNode, { code }: PlatformError): boolean => {
  if (node.type !== "call" || (node.spec.type !== "wait" && node.spec.type !== "approval")) return true;
  return code === "DECISION_EXPIRED" || code === "DEADLINE_EXCEEDED";
};

const usedUp = (_node: LoopNode | GateNode, why: string): never => {
  throw new PlatformError("WORKFLOW_FAILED", why);
};
