/** What the remote task is told while it works: what was said to ours, and what it has asked for. */
import { type A2AMessage, type Part, PlatformError } from "@agentcore/contract";
import type { Context, StepContext, TaskInput } from "@agentcore/contract/authoring";
import { digestId } from "../digest-id.ts";
import { explain, type RemoteCalls } from "./remote-calls.ts";
import type { RemoteTask } from "./remote-task.ts";
import { eventsOf, isBusy, LOOK_RETRY, READ_RETRY } from "./remote-tries.ts";

export class RemoteMessages {
  private readonly agent: string;
  private readonly task: TaskInput<unknown>;
  private readonly ctx: Context;
  private readonly calls: RemoteCalls;
  /** Messages to our task that the remote one has, or that are of no use to it. */
  private readonly told = new Set<A2AMessage>();

  constructor(agent: string, task: TaskInput<unknown>, ctx: Context, calls: RemoteCalls) {
    this.agent = agent;
    this.task = task;
    this.ctx = ctx;
    this.calls = calls;
  }

  /** It needs not be told of. */
  note(message: A2AMessage): void {
    this.told.add(message);
  }

  private messageTo(remote: RemoteTask, messageId: string, parts: readonly Part[]): A2AMessage {
    return {
      ...{ messageId, role: "ROLE_USER", parts: [...parts], taskId: remote.taskId },
      ...(remote.contextId === undefined ? {} : { contextId: remote.contextId }),
    };
  }

  untold(): readonly A2AMessage[] {
    return this.ctx.messages.filter((message) => !this.told.has(message));
  }

  /**
   * What was said to our task while it worked. A refusal is no reason to fail: the task goes on without it, and says so. `isPatient`:
   * waits for an agent that is away; else, and when it is busy for too long, it is told with the next look. Resolves with the events that it left in our log.
   */
  async passOn(remote: RemoteTask, isPatient: boolean): Promise<number> {
    const { ctx, task, agent } = this;
    let events = 0;
    for (let [message] = this.untold(); message !== undefined; [message] = this.untold()) {
      const { messageId, parts } = message;
      // The same with every look, so that an agent can tell that it has it.
      const own = this.messageTo(remote, digestId(`${task.id}/${messageId}`), parts);
      try {
        const tries = await ctx.step("message", (step) => this.say(own, step), {
          retry: isPatient ? READ_RETRY : LOOK_RETRY,
        });
        events += 2 + eventsOf(tries);
      } catch (error) {
        if (ctx.signal.aborted) throw error;
        const { code, message: why, retryable } = PlatformError.from(error);
        if (retryable && isPatient && !isBusy(error)) throw error;
        events += isPatient && retryable ? eventsOf(READ_RETRY.maxAttempts) : 6;
        if (retryable) return events;
        await ctx.progress(`agent ${agent} did not take a message (${code}): ${why}`);
      }
      this.told.add(message);
    }
    return events;
  }

  /** Resolves with the tries that it took. */
  private async say(message: A2AMessage, { signal, attempt }: StepContext): Promise<number> {
    try {
      await this.calls.send(message, signal);
      return attempt;
    } catch (error) {
      // The next try may be far off (R2).
      if (PlatformError.from(error).retryable) this.calls.closeStream();
      throw error;
    }
  }

  /** A message that the remote task waits for; its stream, if there is one, is read next. `name`: of the step. Resolves with the events that it left in our log. */
  async reply(remote: RemoteTask, name: string, parts: () => readonly Part[]): Promise<number> {
    const { streams, tries } = await this.ctx.step(
      name,
      async (step) => {
        try {
          await this.calls.begin(this.messageTo(remote, step.idempotencyKey.slice(0, 32), parts()));
        } catch (error) {
          this.calls.closeStream();
          // It has ended, goes on without an answer, or has more to say than a stream may bring: the task is asked for.
          if (!PlatformError.is(error) || !["UNSUPPORTED_OPERATION", "TOO_LARGE"].includes(error.code))
            throw explain(remote, error);
        }
        return { streams: this.calls.isStreaming, tries: step.attempt };
      },
      // Somebody may have thought about it for days: it is not lost for an agent that is away.
      { retry: READ_RETRY },
    );
    // Nothing came between the question and the answer, so the answer's stream may be read whatever was before (R2).
    remote.polls = !streams;
    return eventsOf(tries);
  }
}
