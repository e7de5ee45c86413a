/**
 * What an agent of another platform does with a task of ours, written with `ctx` like anybody's code:
 *
 *   send    the message, with an id made from the task: the remote task's id is recorded before anything else
 *   read    its stream in batches, each recorded, then told to whoever follows our task
 *   poll    instead, where there is no stream, or one that cannot be taken up where it was cut
 *   answer  what a person said to the remote task's question
 *   access  while it waits for access: whether it has got it elsewhere
 *   granted tells it that access was granted here
 *   message what was said to our task while it worked
 *   cancel  when our task is canceled
 *
 * R1 Once the remote id is recorded the message is never sent again. R2 No stream is open while the task may leave memory.
 * R3 What is read depends on recorded batches only, so that a replay stands where the process that died stood.
 */
import {
  type A2AMessage,
  type FailureMode,
  type Part,
  PlatformError,
  RejectedError,
  TerminalError,
} from "@agentcore/contract";
import type { Context, RetryPolicy, StepContext, TaskInput } from "@agentcore/contract/authoring";
import { OUTPUT_ARTIFACT_ID } from "@agentcore/core/tasks";
import { digestId } from "../digest-id.ts";
import { hopsMetadata } from "./hops.ts";
import { OutputParts } from "./output-parts.ts";
import { readAccessRequest } from "./remote-access.ts";
import { RemoteCalls, type RemoteCallsOptions, type Sent } from "./remote-calls.ts";
import { RemoteCancel } from "./remote-cancel.ts";
import { RemoteMessages } from "./remote-messages.ts";
import {
  partsOf,
  type RemoteBatch,
  RemoteTask,
  type RemoteTaskJson,
  type RemoteTurn,
  textOf,
  valueOf,
} from "./remote-task.ts";
import { eventsOf, isBusy, LOOK_RETRY, READ_RETRY } from "./remote-tries.ts";

export interface RemoteRunOptions extends RemoteCallsOptions {
  readonly agent: string;
}

const FIRST_POLL_MS = 1_000;
const MAX_POLL_MS = 15_000;
// Consent takes minutes or days: a look is late by an eighth of the time that has passed, at most by an hour.
const FIRST_ACCESS_LOOK_MS = 2_000;
const ACCESS_LOOK_GROWTH = 1.125;
const MAX_ACCESS_LOOK_MS = 3_600_000;
// Of our log, after which it starts afresh: half of what it may hold.
const MAX_EVENTS = 5_000;
// What waits leave in it, the task being loaded again and a message included.
const EVENTS_OF_QUESTION = 5;
const EVENTS_OF_ACCESS = 6;

// A remote agent may be one of this node, which is remote in turn.
const MAX_HOPS = 10;
// About half a minute: a parent may try another agent then.
const SEND_RETRY: RetryPolicy = { maxAttempts: 8, initialDelayMs: 250, maxDelayMs: 30_000 };
const CONTEXT_TTL_MS = 30 * 24 * 3_600_000;
export const createRemoteRun =
  (options: RemoteRunOptions) =>
  (task: TaskInput<unknown>, ctx: Context): Promise<unknown> =>
    new RemoteRun(options, task, ctx).run();

class RemoteRun {
  private readonly options: RemoteRunOptions;
  private readonly task: TaskInput<unknown>;
  private readonly ctx: Context;
  private readonly calls: RemoteCalls;
  private readonly messages: RemoteMessages;
  private readonly cancel: RemoteCancel;
  private remote: RemoteTask | null = null;
  /** What the remote task begins with. From here on it may have been sent, by this process or by one that died. */
  private message: A2AMessage | null = null;
  /** On its way: a cancel waits for the id that it will bring. */
  private sending: Promise<Sent> | null = null;
  private hasEnded = false;
  /** Null once the log has forgotten some of it. */
  private outputParts: OutputParts | null = new OutputParts();
  private events = 0;

  constructor(options: RemoteRunOptions, task: TaskInput<unknown>, ctx: Context) {
    this.options = options;
    this.task = task;
    this.ctx = ctx;
    this.calls = new RemoteCalls(options, ctx.signal, task.traceparent);
    this.messages = new RemoteMessages(options.agent, task, ctx, this.calls);
    this.cancel = new RemoteCancel(options, ctx, this.calls, () => {
      const { remote, message, sending, hasEnded } = this;
      return { taskId: remote?.taskId ?? null, message, sending, hasEnded };
    });
  }

  async run(): Promise<unknown> {
    const { ctx } = this;
    const { signal } = ctx;
    const onAbort = (): void => this.cancel.onAbort(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      return await this.follow();
    } catch (error) {
      // Of an agent that cannot be reached nothing more is asked, unless our own caller cancels.
      const isLost = PlatformError.is(error) && error.code === "UPSTREAM_FAILED";
      if (!this.hasEnded && (signal.aborted || !isLost)) await this.cancel.cancel().catch(() => undefined);
      throw error;
    } finally {
      signal.removeEventListener("abort", onAbort);
      this.calls.closeStream();
    }
  }

  private async follow(): Promise<unknown> {
    const { task, ctx } = this;
    if (task.continuedFrom !== undefined) {
      this.remote = new RemoteTask(task.continuedFrom as RemoteTaskJson);
      this.outputParts = null;
    } else {
      const sent = await this.send();
      if ("message" in sent) return valueOf(sent.message);
      this.remote = new RemoteTask({ ...sent.task, marks: {}, polls: false });
    }
    const { remote } = this;
    for (let idle = 0; ; ) {
      const batch = await this.readBatch(remote, idle);
      idle = batch.updates.length === 0 && batch.turn === undefined ? idle + 1 : 0;
      remote.apply(batch);
      this.events += 3 + eventsOf(batch.tries ?? 1) + batch.updates.length;
      await this.tell(batch);
      if (batch.turn !== undefined) {
        const end = await this.take(remote, batch.turn);
        if (end !== null) return end.value;
      }
      this.events += await this.messages.passOn(remote, true);
      if (this.events >= MAX_EVENTS) {
        this.calls.closeStream();
        await ctx.continueAs(remote.toJSON());
      }
    }
  }

  // ── send ─────────────────────────────────────────────────────────────────────────────────────────────────────

  private async send(): Promise<Sent> {
    const { task, ctx } = this;
    // One conversation here is one there; of another caller it is another one (I7).
    const key = `context/${task.caller}/${task.contextId}`;
    const hops = (task.hops ?? 0) + 1;
    if (hops > MAX_HOPS)
      throw new TerminalError(
        `agent ${this.options.agent} is the ${hops}th remote agent of a chain: does it go round?`,
        {
          code: "LOOP_DETECTED",
          details: { failureMode: "unaware-of-termination-conditions" satisfies FailureMode },
        },
      );
    const known = (await ctx.memory.get(key)) as string | null;
    const message: A2AMessage = {
      messageId: digestId(`${task.tenantId}/${task.id}`),
      role: "ROLE_USER",
      parts: [...(task.message?.parts ?? partsOf(task.input))],
      metadata: hopsMetadata(hops),
      ...(known === null ? {} : { contextId: known }),
    };
    this.message = message;
    const sent = await ctx.step(
      "send",
      () => {
        // Not ended by a cancel: what it brings is what there is to cancel.
        this.sending = this.calls.begin(message);
        return this.sending;
      },
      { retry: SEND_RETRY },
    );
    if ("task" in sent && sent.task.contextId !== undefined && sent.task.contextId !== known)
      await ctx.memory.set(key, sent.task.contextId, { ttlMs: CONTEXT_TTL_MS });
    return sent;
  }

  // ── read ─────────────────────────────────────────────────────────────────────────────────────────────────────

  private async readBatch(remote: RemoteTask, idle: number): Promise<RemoteBatch> {
    try {
      return await this.readNext(remote, idle);
    } catch (error) {
      if (!isBusy(error)) throw error;
      return { updates: [], tries: READ_RETRY.maxAttempts };
    }
  }

  private async readNext(remote: RemoteTask, idle: number): Promise<RemoteBatch> {
    const { ctx } = this;
    const tried = (read: (signal: AbortSignal) => Promise<RemoteBatch>) => async (step: StepContext) => {
      const batch = await read(step.signal);
      return step.attempt === 1 ? batch : { ...batch, tries: step.attempt };
    };
    if (!remote.polls)
      return ctx.step(
        "read",
        tried((signal) =>
          this.calls.read(remote, {
            wasSilent: idle > 0,
            interrupted: () => this.messages.untold().length > 0,
            signal,
          }),
        ),
        { retry: READ_RETRY },
      );
    await ctx.sleep(Math.min(FIRST_POLL_MS * 2 ** Math.min(idle, 10), MAX_POLL_MS), { untilMessage: true });
    return ctx.step(
      "poll",
      tried((signal) => this.calls.snapshot(remote, signal)),
      { retry: READ_RETRY },
    );
  }

  /** What others follow of our task. */
  private async tell({ updates, turn }: RemoteBatch): Promise<void> {
    const { ctx, outputParts } = this;
    for (const update of updates) {
      if (update.type === "progress") {
        await ctx.progress(update.text);
        continue;
      }
      const { id, name, description, parts, append, lastChunk } = update;
      outputParts?.note(update);
      // It comes again as our own.
      if (id === OUTPUT_ARTIFACT_ID && !append && turn?.state === "TASK_STATE_COMPLETED") continue;
      await ctx.artifact({
        ...{ id, name: name ?? id, parts, append, lastChunk },
        ...(description === undefined ? {} : { description }),
      });
    }
  }

  // ── turns ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Null: it goes on. */
  private async take(remote: RemoteTask, turn: RemoteTurn): Promise<{ readonly value: unknown } | null> {
    const said = textOf(turn.parts);
    // What follows may take as long as it likes (R2).
    this.calls.closeStream();
    switch (turn.state) {
      case "TASK_STATE_INPUT_REQUIRED":
        await this.ask(remote, turn, said);
        return null;
      case "TASK_STATE_AUTH_REQUIRED": {
        const next = await this.askForAccess(remote, turn);
        return next === null ? null : this.take(remote, next);
      }
      case "TASK_STATE_COMPLETED":
        this.hasEnded = true;
        return { value: await this.output(remote, turn) };
      case "TASK_STATE_CANCELED":
        this.hasEnded = true;
        throw new PlatformError(
          "CANCELED",
          `the agent canceled its task ${remote.taskId}${said === "" ? "" : `: ${said}`}`,
        );
      case "TASK_STATE_REJECTED":
        this.hasEnded = true;
        throw new RejectedError(`the agent rejected the task${said === "" ? "" : `: ${said}`}`, this.details(remote));
      default:
        this.hasEnded = true;
        throw new TerminalError(
          `the agent failed${said === "" ? " and did not say why" : `: ${said}`}`,
          this.details(remote),
        );
    }
  }

  private details({ taskId }: RemoteTask) {
    return { details: { remoteTaskId: taskId } };
  }

  private async output(remote: RemoteTask, turn: RemoteTurn): Promise<unknown> {
    const { outputParts } = this;
    const kept = outputParts === null ? null : outputParts.parts;
    return valueOf((kept === null ? await this.askForOutput(remote) : kept) ?? turn.parts);
  }

  private async askForOutput(remote: RemoteTask): Promise<readonly Part[] | undefined> {
    const [parts] = await this.ctx.step(
      "result",
      async ({ signal }) => {
        const { artifacts = [] } = await this.calls.task(remote, signal);
        const wanted = artifacts.find(({ artifactId }) => artifactId === OUTPUT_ARTIFACT_ID) ?? artifacts.at(-1);
        return wanted === undefined ? [] : [wanted.parts];
      },
      { retry: READ_RETRY },
    );
    return parts;
  }

  private async ask(remote: RemoteTask, turn: RemoteTurn, said: string): Promise<void> {
    const { ctx } = this;
    const before = ctx.messages.length;
    const data = turn.parts.find((part) => part.data !== undefined)?.data;
    const prompt = said === "" ? `agent ${this.options.agent} asks for more` : said;
    const value = await ctx.waitForInput<unknown>({ prompt, ...(data === undefined ? {} : { data }) });
    this.events += EVENTS_OF_QUESTION;
    const answer = answerOf(ctx.messages.slice(before), value);
    if (answer !== undefined) this.messages.note(answer);
    remote.answered = turn.key;
    this.events += await this.messages.reply(remote, "answer", () => answer?.parts ?? partsOf(value));
  }

  /**
   * Until access is granted here, or the agent goes on because it was granted there. What it has come to then, if that is to be acted
   * on. Between two looks the task is not in memory; what is said to it is passed on at once. Throws PERMISSION_DENIED.
   */
  private async askForAccess(remote: RemoteTask, turn: RemoteTurn): Promise<RemoteTurn | null> {
    const { ctx } = this;
    remote.answered = turn.key;
    this.events += EVENTS_OF_ACCESS;
    const request = readAccessRequest(this.options.agent, turn.parts);
    const settled = new AbortController();
    const granted = ctx.waitForAuthorization({ ...request, signal: settled.signal });
    for (let delay = FIRST_ACCESS_LOOK_MS; ; ) {
      const heard = ctx.messages.length;
      // A log that is half full stays as it is: who grants access here still ends the wait.
      const first = this.events < MAX_EVENTS ? await this.grantedWithin(granted, delay) : await granted;
      if (first !== "due") {
        this.events += await this.messages.reply(remote, "granted", () => [
          { text: `Access to ${request.name} was granted.` },
        ]);
        return null;
      }
      const batch = await this.lookForAccess(remote, turn);
      this.events += 6 + batch.updates.length;
      remote.apply(batch);
      await this.tell(batch);
      this.events += await this.messages.passOn(remote, false);
      if (batch.stands === true) {
        const isOnTime = ctx.messages.length === heard;
        if (isOnTime) delay = Math.min(delay * ACCESS_LOOK_GROWTH, MAX_ACCESS_LOOK_MS);
        continue;
      }
      settled.abort();
      await granted.catch((error) => {
        if (ctx.signal.aborted) throw error;
      });
      return batch.turn ?? null;
    }
  }

  private async grantedWithin<T>(granted: Promise<T>, ms: number): Promise<T | "due"> {
    const over = new AbortController();
    const nap = this.ctx
      .sleep(ms, { key: "access", signal: over.signal, untilMessage: true })
      .then(() => "due" as const);
    const first = await Promise.race([granted, nap]);
    over.abort();
    await nap.catch(() => undefined);
    return first;
  }

  private async lookForAccess(remote: RemoteTask, asked: RemoteTurn): Promise<RemoteBatch> {
    try {
      return await this.ctx.step(
        "access",
        ({ signal }) =>
          this.calls.look(remote, signal, (batch, task) => {
            const stands = batch.addWhileWaiting(task, asked);
            return batch.build({ stands });
          }),
        { retry: LOOK_RETRY },
      );
    } catch (error) {
      // Away for now: nobody is kept from granting access by that.
      if (PlatformError.is(error) && error.retryable) return { updates: [], stands: true };
      throw error;
    }
  }
}

/** The message that held the value, with all it has; undefined when it cannot be told. */
const answerOf = (messages: readonly A2AMessage[], value: unknown): A2AMessage | undefined => {
  const wanted = JSON.stringify(value);
  return messages.find(({ parts }) => {
    const data = parts.find((part) => part.data !== undefined);
    const said =
      data === undefined
        ? parts
            .map(({ text }) => text ?? "")
            .join("\n")
            .trim()
        : data.data;
    return JSON.stringify(said) === wanted;
  });
};
