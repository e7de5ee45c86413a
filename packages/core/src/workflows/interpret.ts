/** Runs a graph as an agent's code: the machine says what is to be done, `ctx` does it, and the log is what a replay tells the machine again. */
import { PlatformError, type WorkflowState } from "@agentcore/contract";
import type { AgentDefinition, Context, TaskInput } from "@agentcore/contract/authoring";
import { assertSerialisable } from "../payloads/serialisable.ts";
import { type LogLength, logLengthOf } from "../tasks/log-length.ts";
import { recordedChoiceOf } from "../tasks/recorded-choice.ts";
import { describeViolation, violationsOf } from "../tasks/schema-issues.ts";
import type { CompiledWorkflow } from "./compile-workflow.ts";
import { type Call, Machine, type Outcome, REFUSED, STOPPED } from "./machine.ts";
import { type Performed, perform } from "./perform.ts";

// Events since the last checkpoint after which the next is taken when it costs nobody a wait; about what a replay has to read.
const CHECKPOINT_EVENTS = 512;
// After which nothing begins until what no checkpoint can carry has ended: a third of what a log holds.
const MANY_EVENTS = 3_000;
// As long as a state is too large for a checkpoint, which holds 10,000 events.
const MOST_EVENTS = 8_000;
// What a call writes: a command its routing, its start and its end.
const EVENTS = { step: 1, longStep: 1, wait: 3 } as const;

export interface InterpretOptions {
  /** Events after which the log is closed and a fresh one begun, at the next moment when nothing is under way. @default 512 */
  readonly checkpointAfter?: number | undefined;
}

export const interpret =
  (
    workflow: CompiledWorkflow,
    { checkpointAfter = CHECKPOINT_EVENTS, output }: InterpretOptions & Pick<AgentDefinition, "output"> = {},
  ): NonNullable<AgentDefinition["run"]> =>
  (task, ctx) =>
    new Promise((resolve, reject) => {
      const run = new WorkflowRun(workflow, task, ctx, { resolve, reject, checkpointAfter, output });
      run.begin();
    });

class WorkflowRun {
  private readonly workflow: CompiledWorkflow;
  private readonly ctx: Context;
  private readonly resolve: (output: unknown) => void;
  private readonly reject: (error: unknown) => void;
  private readonly machine: Machine;
  private readonly logLength: LogLength;
  private readonly underWay = new Map<string, Performed>();
  /** Events of this run since the last checkpoint, about: the same in a replay, and without tries of steps that failed. */
  private written = 0;
  private checkpointAfter: number;
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
      output,
    }: {
      readonly resolve: (output: unknown) => void;
      readonly reject: (error: unknown) => void;
      readonly checkpointAfter: number;
      readonly output: AgentDefinition["output"];
    },
  ) {
    this.workflow = workflow;
    this.ctx = ctx;
    this.logLength = logLengthOf(ctx);
    this.resolve = resolve;
    this.reject = reject;
    const state = (task.continuedFrom as WorkflowState | undefined) ?? null;
    this.machine = new Machine(
      workflow,
      task.input,
      {
        choices: {
          made: recordedChoiceOf(ctx),
          decide: (address, choose, implied) => {
            const choice = ctx.decide(address, choose, implied === undefined ? {} : { implied });
            if (choice !== implied) this.written += 1;
            return choice;
          },
        },
        checkOutput: (value) => checkOutput(output, value),
      },
      state,
    );
    // A state that has grown large is written less often, so that n results cost O(n) and not n states.
    this.checkpointAfter = Math.min(MANY_EVENTS, Math.max(checkpointAfter, this.machine.weight));
  }

  begin(): void {
    const { signal } = this.ctx;
    const told = (): PlatformError => PlatformError.from(signal.reason, "CANCELED");
    if (!signal.aborted)
      signal.addEventListener("abort", () => this.guard(() => this.machine.stop(told())), { once: true });
    this.guard(() => this.machine.begin(signal.aborted ? told() : null));
  }

  /** What goes wrong here fails the run as a node would: what was done is taken back. */
  private guard(change: () => void): void {
    try {
      change();
      this.goOn();
    } catch (error) {
      if (this.hasFailed) return this.reject(error);
      this.giveUp(PlatformError.from(error));
    }
  }

  private giveUp(error: PlatformError): void {
    this.hasFailed = true;
    this.guard(() => {
      this.machine.note(STOPPED, error);
      this.machine.stop(error);
    });
  }

  private goOn(): void {
    const { machine } = this;
    for (let due = machine.take(); due.length > 0; due = machine.take())
      for (const call of due) {
        const performed = this.perform(call);
        this.underWay.set(call.address, performed);
        if (call.type !== "node" || !call.isCarried) this.written += EVENTS[performed.lasts];
        performed.result.then(
          (value) => this.settle(call.address, { value }),
          (error: unknown) => this.settle(call.address, { error: PlatformError.from(error, "AGENT_FAILED") }),
        );
      }
    for (const address of machine.takeUnneeded()) this.underWay.get(address)?.withdraw();
    const { end } = machine;
    if (end !== null) {
      if (end.type === "completed") this.resolve(end.output);
      else this.reject(failureOf(end));
    } else if (machine.isStill && !this.hasContinued) this.beginAfresh();
  }

  private beginAfresh(): void {
    // Nobody here reads messages: kept, they would go on with it for ever.
    void this.ctx.messages;
    try {
      void this.ctx.continueAs(this.machine.snapshot(), { carry: true });
      this.hasContinued = true;
    } catch (error) {
      if (PlatformError.from(error).code !== "TOO_LARGE" || this.length >= MOST_EVENTS) throw error;
      // It may come to its end in this log.
      this.checkpointAfter = MOST_EVENTS;
      this.machine.release();
      this.goOn();
    }
  }

  private perform(call: Call): Performed {
    try {
      return perform(this.ctx, this.workflow, call);
    } catch (error) {
      // What is asked for cannot even be written down: the node fails by it, and that it does is written in its place.
      const refused = PlatformError.from(error, "AGENT_FAILED");
      this.machine.note(`${call.address}${REFUSED}`, refused);
      return { result: Promise.reject(refused), lasts: "step", withdraw: () => undefined };
    }
  }

  private settle(address: string, outcome: Outcome): void {
    this.underWay.delete(address);
    if (this.isTimeToHold) this.machine.hold();
    this.guard(() => this.machine.settle(address, outcome));
  }

  private get length(): number {
    return Math.max(this.written, this.logLength());
  }

  private get isTimeToHold(): boolean {
    // A checkpoint says two events of each call that it carries.
    const after = Math.min(
      Math.max(this.checkpointAfter, 2 * this.underWay.size),
      Math.max(MANY_EVENTS, this.checkpointAfter),
    );
    // Tries that failed fill a log too. They hold up nothing in a replay, where it has what came after.
    const { length } = this;
    if (this.written < after && length < Math.max(MANY_EVENTS, this.checkpointAfter)) return false;
    if (length >= MANY_EVENTS) return true;
    if (this.machine.hasUnneeded) return false;
    for (const { lasts } of this.underWay.values()) if (lasts === "longStep") return false;
    return true;
  }
}

/** As the platform does with what the code of an agent gives. Throws RESULT_NOT_SERIALISABLE, TOO_LARGE, OUTPUT_MISMATCH. */
const checkOutput = (schema: AgentDefinition["output"], value: unknown): void => {
  assertSerialisable(value, "the output of the workflow");
  const checked = schema?.["~standard"].validate(value);
  if (checked instanceof Promise) {
    // One that takes its time is left to the platform, which asks it again; a rejection that nobody takes would end the process.
    checked.catch(() => undefined);
    return;
  }
  if (checked === undefined || checked.issues === undefined) return;
  const violations = violationsOf(checked.issues);
  throw new PlatformError(
    "OUTPUT_MISMATCH",
    `the output is refused by its schema: ${violations.map(describeViolation).join("; ")}`,
    {
      violations,
    },
  );
};

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
