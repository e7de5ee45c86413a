/**
 * The machine, led by what a log says along the way that the run took. Results are told to it in the order of the log. What was chosen is kept
 * beside them, since it may stand behind results that came later; what is never written, because it is implied, is taken for so until the log
 * says otherwise. Then, and when it has had to stop for a choice that has come now, it begins again where its log begins.
 */
import { isWorkflowState, type PlatformError, type WorkflowState } from "@agentcore/contract";
import { failureOf, Undecided } from "./choices.ts";
import type { CompiledNode, CompiledWorkflow } from "./compile-workflow.ts";
import { Frame } from "./frame.ts";
import { Machine, type Observer, type Outcome } from "./machine.ts";
import { type Ending, shownError, Tallies } from "./tallies.ts";

/** Of where a run stands, 0 to 1. */
export type Share = (root: Frame) => number;

interface Start {
  readonly at: number;
  /** Null at the very beginning. */
  readonly state: WorkflowState | null;
  readonly tallies: Tallies;
  readonly stoppedAt: number | null;
  /** It had been stopped, and was not told yet. */
  readonly stop: PlatformError | null;
}

type Said = { readonly at: number } & (
  | { readonly type: "settled"; readonly address: string; readonly outcome: Outcome }
  | { readonly type: "stopped"; readonly error: PlatformError }
);

export class RetracedRun {
  private readonly workflow: CompiledWorkflow;
  private readonly share: Share;
  /** Where its log begins; null while that is not known. */
  private start: Start | null = null;
  private said: Said[] = [];
  private choices = new Map<string, string>();
  private way: Way | null = null;
  private isClosed = false;

  constructor(workflow: CompiledWorkflow, share: Share) {
    this.workflow = workflow;
    this.share = share;
  }

  begin(at: number): void {
    this.start ??= { at, state: null, tallies: new Tallies(), stoppedAt: null, stop: null };
  }

  /** From a checkpoint on. `untold`: addresses of calls that had ended by then, which the run is told of after it. */
  resume(
    state: unknown,
    { at, stop, untold }: Pick<Start, "at" | "stop"> & { readonly untold: ReadonlySet<string | undefined> },
  ): void {
    if (!isWorkflowState(state)) return;
    const told = this.said.filter((each) =>
      each.type === "settled" ? !untold.has(each.address) : stop === null || state.failed !== undefined,
    );
    if (told.length < this.said.length) this.way = null;
    this.said = told;
    const before = this.standing();
    const tallies = before?.tallies ?? Tallies.at(state, this.workflow.graph);
    this.start = { at, state, tallies, stoppedAt: before?.stoppedAt ?? null, stop };
    this.said = [];
    this.choices = new Map();
    this.way = null;
  }

  settle(address: string, outcome: Outcome, at: number): void {
    this.said.push({ at, type: "settled", address, outcome });
  }

  stop(error: PlatformError, at: number): void {
    this.said.push({ at, type: "stopped", error });
  }

  choose(address: string, choice: string): void {
    this.choices.set(address, choice);
    if (this.way?.isOther(address, choice) === true) this.way = null;
  }

  /** Nothing more will be said. */
  close(): void {
    this.standing();
    this.isClosed = true;
    this.said = [];
    this.choices = new Map();
  }

  /** With all that was said; null where it is not known where the run stands. */
  standing(): Pick<Way, "machine" | "tallies" | "stoppedAt"> | null {
    if (this.start === null || this.isClosed) return this.way;
    try {
      this.way ??= new Way(this.workflow, this.start, this.choices, this.share);
    } catch {
      // The state is of another graph.
      return null;
    }
    this.way.follow(this.said);
    return this.way;
  }
}

class Way implements Observer {
  readonly machine: Machine;
  readonly tallies: Tallies;
  /** The share when something failed, or it was stopped. */
  stoppedAt: number | null;
  private readonly share: Share;
  private now: number;
  private told = 0;
  /** Turns that were taken for not the last. */
  private readonly implied = new Set<string>();
  /** Where it is not known what was chosen; "" where it cannot go on at all. */
  private stuckAt: string | null = null;

  constructor(
    workflow: CompiledWorkflow,
    { at, state, tallies, stoppedAt, stop }: Start,
    choices: ReadonlyMap<string, string>,
    share: Share,
  ) {
    this.now = at;
    this.tallies = new Tallies(tallies);
    this.stoppedAt = stoppedAt;
    this.share = share;
    this.machine = new Machine(
      workflow,
      null,
      {
        choices: {
          made: (address) => choices.get(address) ?? null,
          decide: (address, _choose, implied) => {
            const choice = choices.get(address);
            if (choice !== undefined) return choice;
            if (implied === undefined) throw new Undecided(address);
            this.implied.add(address);
            return implied;
          },
        },
        checkOutput: () => undefined,
        observer: this,
      },
      state,
    );
    // As far as it is known: branches and items of then are not.
    if (state?.failed !== undefined) this.stoppedAt ??= share(new Frame(state.root.at, "", null));
    this.move(() => this.machine.begin(stop));
  }

  /** Whether the run took another way from there, or this one could not go on. */
  isOther(address: string, choice: string): boolean {
    return this.stuckAt === address || this.implied.has(address) || failureOf(choice) !== null;
  }

  follow(said: readonly Said[]): void {
    for (; this.stuckAt === null; this.told += 1) {
      const each = said[this.told];
      if (each === undefined) return;
      this.now = each.at;
      this.move(() => {
        if (each.type === "stopped") this.machine.stop(each.error);
        else this.settle(each.address, each.outcome);
      });
    }
  }

  began({ id }: CompiledNode): void {
    this.tallies.change(id, { startedAt: this.now });
  }

  ended(node: CompiledNode, how: Ending, frame: Frame, error?: PlatformError): void {
    this.tallies.ended(
      node,
      how,
      frame,
      this.now,
      how === "failed" && error !== undefined ? shownError(error) : undefined,
    );
  }

  failing(): void {
    this.stoppedAt = this.share(this.machine.root);
  }

  private settle(address: string, outcome: Outcome): void {
    const { undoing } = this.machine.back;
    const back = undoing?.address === address ? { node: undoing.entry.node, asked: undoing.error } : null;
    this.machine.settle(address, outcome);
    if (back === null) return;
    const stands = "value" in outcome && (outcome.value === "retry" || outcome.value === "leave") ? back.asked : null;
    const error = "error" in outcome ? outcome.error : stands;
    this.tallies.change(back.node, { error: error === null ? undefined : shownError(error) });
  }

  private move(act: () => void): void {
    const { stoppedAt } = this;
    try {
      act();
    } catch (error) {
      this.stuckAt = error instanceof Undecided ? error.address : "";
    }
    // What failed was caught.
    if (this.machine.failure === null) this.stoppedAt = stoppedAt;
    for (const call of this.machine.take()) if (call.type === "node" && !call.isCarried) this.began(call.node);
    this.machine.takeUnneeded();
  }
}
