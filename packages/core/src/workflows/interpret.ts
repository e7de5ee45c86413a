/** Runs a graph as an agent's code: the machine says what is to be done, `ctx` does it, and the log is what a replay tells the machine again. */
import { PlatformError } from "@agentcore/contract";
import type { AgentDefinition, Context, TaskInput } from "@agentcore/contract/authoring";
import type { CompiledWorkflow } from "./compile-workflow.ts";
import { type Call, Machine, type MachineState, type Outcome } from "./machine.ts";
import { type Performed, perform } from "./perform.ts";

// Results since the last checkpoint after which the next is taken when it costs nobody a wait; what a replay has to read at most.
const CHECKPOINT_CALLS = 256;
// After which it is taken although a wait may be in the way: a third of what a log holds, as a command writes three events.
const MOST_CALLS = 3_000;

export interface InterpretOptions {
  /** Results after which the log is closed and a fresh one begun, at the next moment when nothing is under way. @default 256 */
  readonly checkpointAfter?: number | undefined;
}

export const interpret =
  (
    workflow: CompiledWorkflow,
    { checkpointAfter = CHECKPOINT_CALLS }: InterpretOptions = {},
  ): NonNullable<AgentDefinition["run"]> =>
  (task, ctx) =>
    new Promise((resolve, reject) => {
      const run = new WorkflowRun(workflow, task, ctx, { resolve, reject, checkpointAfter });
      run.begin();
    });

class WorkflowRun {
  private readonly workflow: CompiledWorkflow;
  private readonly ctx: Context;
  private readonly resolve: (output: unknown) => void;
  private readonly reject: (error: unknown) => void;
  private readonly machine: Machine;
  private readonly underWay = new Map<string, Performed>();
  private settled = 0;
  private readonly checkpointAfter: number;
  private hasContinued = false;
  private hasFailed = false;

  constructor(
    workflow: CompiledWorkflow,
    task: TaskInput<unknown>,
    ctx: Context,
    {
      resolve,
      reject,
      checkpointAfter,
    }: {
      readonly resolve: (output: unknown) => void;
      readonly reject: (error: unknown) => void;
      readonly checkpointAfter: number;
    },
  ) {
    this.workflow = workflow;
    this.ctx = ctx;
    this.resolve = resolve;
    this.reject = reject;
    const state = (task.continuedFrom as MachineState | undefined) ?? null;
    this.machine = new Machine(
      workflow,
      task.input,
      (address, choose, implied) => ctx.decide(address, choose, implied === undefined ? {} : { implied }),
      state,
    );
    // A state that has grown large is written less often, so that n results cost O(n) and not n states.
    this.checkpointAfter = Math.min(MOST_CALLS, Math.max(checkpointAfter, this.machine.weight));
  }

  begin(): void {
    const { signal } = this.ctx;
    const stop = (): void => this.guard(() => this.machine.stop(PlatformError.from(signal.reason, "CANCELED")));
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
    this.guard(() => this.machine.begin());
  }

  /** What goes wrong here fails the run as a node would: what was done is taken back. */
  private guard(change: () => void): void {
    try {
      change();
      this.goOn();
    } catch (error) {
      if (this.hasFailed) return this.reject(error);
      this.hasFailed = true;
      this.guard(() => this.machine.stop(PlatformError.from(error)));
    }
  }

  private goOn(): void {
    const { machine } = this;
    for (const address of machine.takeUnneeded()) this.underWay.get(address)?.withdraw();
    for (let due = machine.take(); due.length > 0; due = machine.take())
      for (const call of due) {
        const performed = this.perform(call);
        this.underWay.set(call.address, performed);
        performed.result.then(
          (value) => this.settle(call.address, { value }),
          (error: unknown) => this.settle(call.address, { error: PlatformError.from(error, "AGENT_FAILED") }),
        );
      }
    const { end } = machine;
    if (end !== null) {
      if (end.type === "completed") this.resolve(end.output);
      else this.reject(failureOf(end));
    } else if (machine.isStill && !this.hasContinued) {
      void this.ctx.continueAs(machine.snapshot());
      this.hasContinued = true;
    }
  }

  private perform(call: Call): Performed {
    try {
      return perform(this.ctx, this.workflow, call);
    } catch (error) {
      // What is asked for cannot even be written down: the node fails by it.
      return { result: Promise.reject(error as Error), isBrief: true, withdraw: () => undefined };
    }
  }

  private settle(address: string, outcome: Outcome): void {
    this.underWay.delete(address);
    this.settled += 1;
    if (this.settled >= this.checkpointAfter && (this.settled >= MOST_CALLS || this.isBrief)) this.machine.hold();
    this.guard(() => this.machine.settle(address, outcome));
  }

  /** What is under way will be over soon: nothing waits for a person, a time or another task. */
  private get isBrief(): boolean {
    for (const { isBrief } of this.underWay.values()) if (!isBrief) return false;
    return true;
  }
}

const failureOf = ({
  error,
  undone,
  stands,
}: Extract<NonNullable<Machine["end"]>, { type: "failed" }>): PlatformError => {
  if (undone.length === 0 && stands.length === 0) return error;
  const { violations } = error;
  const message =
    stands.length === 0
      ? error.message
      : `${error.message}; not taken back: ${stands.map(({ node, reason }) => `${node} (${reason})`).join(", ")}`;
  return new PlatformError(error.code, message, {
    cause: error,
    retryable: false,
    details: { ...error.details, undone, stands },
    ...(violations === undefined ? {} : { violations }),
  });
};
