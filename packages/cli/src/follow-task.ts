/** Follows a task until it goes no further by itself, and tells how it went. */
import type { TaskEvent } from "@agentcore/contract";
import { PlatformError } from "@agentcore/contract/errors";
import { callName } from "./call-name.ts";
import type { ExitCode, OutputFormat } from "./command.ts";
import { describeProgress, eventLine } from "./describe-event.ts";
import { failure } from "./failure.ts";
import type { NodeClient } from "./node/node-client.ts";
import type { Output } from "./output.ts";
import { toPlainLines, toPlainText } from "./plain-text.ts";
import { toJsonText } from "./structured-text.ts";
import { foldOutcome, INITIAL_OUTCOME, isPause, isSettled, type TaskOutcome } from "./task-outcome.ts";

const MAX_HELD = 20;

interface FollowOptions {
  readonly client: NodeClient;
  readonly taskId: string;
  readonly output: Output;
  readonly signal: AbortSignal;
  /** Each event as a line of talk, instead of one line of progress. */
  readonly verbose?: boolean;
  /** Go on while the task waits for a person. @default false */
  readonly throughPauses?: boolean;
  /** Stop when a breakpoint holds the task, whatever goes on beside it. @default false */
  readonly untilHeld?: boolean;
}

export const followTask = async (options: FollowOptions): Promise<TaskOutcome> => {
  const { client, taskId, output, signal } = options;
  const stopped = new AbortController();
  let outcome = INITIAL_OUTCOME;
  let told: TaskOutcome | undefined;
  try {
    // What the task waited for in the past may long be answered: a pause counts from the last event that is there now.
    const { events: known } = await client.task(taskId);
    const events = client.events(taskId, { follow: true, signal: AbortSignal.any([signal, stopped.signal]) });
    for await (const event of events) {
      outcome = foldOutcome(outcome, event);
      if (options.verbose) output.say(eventLine(event));
      else showProgress(output, event);
      if (event.seq >= known && (outcome.held ?? []).length > 0) {
        if (options.untilHeld) break;
        if (event.seq === known || event.type === "call.held") sayHeld(output, taskId, outcome);
      }
      if (event.seq < known || !isSettled(outcome.state)) continue;
      if (!isPause(outcome.state) || !options.throughPauses) break;
      if (told !== outcome) sayPause(output, taskId, outcome);
      told = outcome;
    }
  } finally {
    stopped.abort();
    output.hideProgress();
  }
  signal.throwIfAborted();
  return outcome;
};

const showProgress = (output: Output, event: TaskEvent): void => {
  switch (event.type) {
    case "task.submitted":
      return output.progress(`${event.data.agent}: accepted`);
    case "task.started":
      return output.progress("working");
    case "task.progressed":
      return output.progress(describeProgress(event.data));
    case "step.started":
      return output.progress(callName(event.data));
    case "step.failed":
      return output.progress(`${callName(event.data)} failed: ${event.data.error.message}`);
    default:
      return;
  }
};

const sayHeld = (output: Output, taskId: string, { held = [] }: TaskOutcome): void => {
  for (const path of held.slice(0, MAX_HELD)) output.say(`held before ${toPlainText(path)}`, "yellow");
  output.say(`  next: agentcore debug ${taskId}, or agentcore debug ${taskId} --continue`, "yellow");
};

const sayPause = (output: Output, taskId: string, outcome: TaskOutcome): void => {
  if (outcome.error !== undefined) output.say(`parked: ${outcome.error.code}: ${outcome.error.message}`, "yellow");
  if (outcome.prompt !== undefined) output.say(outcome.prompt, "yellow");
  output.say(`  next: ${pauseNextStep(taskId, outcome)}`, "yellow");
};

const pauseNextStep = (taskId: string, { state, reference, asksDecision }: TaskOutcome): string =>
  state === "parked"
    ? `agentcore retry ${taskId}`
    : state === "auth-required"
      ? `agentcore authorize ${taskId}${reference === undefined ? "" : ` --reference ${reference}`} --credential-env VAR, or --without-credential, or --deny REASON`
      : asksDecision === true
        ? `agentcore inbox shows what is asked; agentcore decide ${taskId} --choice CHOICE, by somebody who is asked`
        : `agentcore send ${taskId} "your answer"`;

/** Prints the output of a completed task. Throws what kept any other from completing, with the next step. */
export const reportOutcome = async (
  output: Output,
  format: OutputFormat,
  taskId: string,
  outcome: TaskOutcome,
): Promise<ExitCode> => {
  switch (outcome.state) {
    case "completed":
      await output.data(format, outcome.output ?? null, () => outputText(outcome.output));
      return 0;
    case "failed":
    case "rejected":
      throw withNextStep(outcome, `agentcore trace ${taskId}`);
    case "parked":
      throw withNextStep(outcome, `agentcore describe task ${taskId}, then ${pauseNextStep(taskId, outcome)}`);
    case "canceled":
      throw failure("CANCELED", `task ${taskId} was canceled`, `agentcore logs ${taskId}`);
    case "input-required":
    case "auth-required":
      output.say(outcome.prompt ?? "The task waits for an answer.", "yellow");
      output.say(`  next: ${pauseNextStep(taskId, outcome)}`, "yellow");
      return 1;
    case "submitted":
    case "working":
      if (outcome.held !== undefined && outcome.held.length > 0) {
        sayHeld(output, taskId, outcome);
        return 1;
      }
      throw failure("UNAVAILABLE", `the node stopped telling about task ${taskId}`, `agentcore watch ${taskId}`);
  }
};

const withNextStep = (outcome: TaskOutcome, nextStep: string): PlatformError => {
  const error = outcome.error ?? { code: "AGENT_FAILED" as const, message: `the task is ${outcome.state}` };
  return PlatformError.fromJSON({ ...error, details: { ...error.details, nextStep } });
};

/** Text as it is, anything else as indented JSON. */
export const outputText = (value: unknown): string =>
  typeof value === "string" ? toPlainLines(value) : toJsonText(value, 2);
