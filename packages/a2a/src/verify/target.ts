/** What a check is given: the server, one of its interfaces, and tasks there. */
import { randomUUID } from "node:crypto";
import type { CallOptions, Channel, InterfaceAddress, Reply } from "./channel.ts";
import { found, NotCheckable, skip } from "./check.ts";
import type { HttpAnswer, HttpExchange } from "./http-exchange.ts";
import { isObject, type JsonObject, member, shown, textAt } from "./json-values.ts";
import type { Delivery, PushReceiver } from "./push-receiver.ts";
import { describeReply } from "./wire-errors.ts";
import { INTERRUPTED_STATES, TERMINAL_STATES } from "./wire-shapes.ts";

/** What a message says: `parts`, and whatever else of a Message the agent needs. */
export type MessageContent = JsonObject & { readonly parts: readonly unknown[] };

/** What makes the agent do what. Only the first is known of every agent. */
export interface VerifyMessages {
  readonly complete: MessageContent;
  readonly inputRequired?: MessageContent | undefined;
  /** Keeps the task working until it is canceled, or for ten seconds at least. */
  readonly long?: MessageContent | undefined;
  readonly fail?: MessageContent | undefined;
}

export interface ServerUnderTest {
  readonly cardUrl: string;
  /** The card's page asked with `A2A-Version: 1.0`, and without. */
  readonly cardAnswer: HttpAnswer;
  readonly plainAnswer: HttpAnswer;
  readonly card: JsonObject;
  readonly plainCard: JsonObject;
  /** All that the card names, also of bindings that are not checked. */
  readonly interfaces: readonly InterfaceAddress[];
  readonly hasCredentials: boolean;
}

/** Undefined when every signature verifies, else what is wrong. */
export type SignatureVerifier = (card: JsonObject) => Promise<string | undefined>;

export interface Target {
  readonly server: ServerUnderTest;
  /** Without credentials. */
  readonly exchange: HttpExchange;
  readonly signal: AbortSignal;
  readonly messages: VerifyMessages;
  readonly receiver: PushReceiver | undefined;
  readonly verifySignatures: SignatureVerifier | undefined;
  /** Absent for checks of the server as a whole. */
  readonly subject: Subject | undefined;
}

/** An interface and what was made there so far. */
export interface Subject {
  readonly channel: Channel;
  readonly tasks: TaskSource;
  /** With the credentials of somebody else, if they were given. */
  readonly stranger: Channel | undefined;
  /** The same interface under another tenant. */
  otherTenant(tenant: string): Channel;
}

export interface MadeTask {
  readonly task: JsonObject;
  readonly id: string;
  readonly contextId: string | undefined;
  readonly message: JsonObject;
}

/** A task, and what its webhook was told. */
export interface DeliveredTask {
  readonly task: unknown;
  readonly deliveries: readonly Delivery[];
}

/** Kept over all checks of one interface. */
export interface MadeTasks {
  completed?: MadeTask | NotCheckable;
  delivered?: DeliveredTask | NotCheckable;
  /** To be canceled at the end. */
  readonly open: Set<string>;
}

/** Tasks that may still be made, of a run. */
export interface TaskBudget {
  left: number;
}

export interface SendOptions {
  /** Members of the Message beside its content. */
  readonly message?: JsonObject;
  readonly configuration?: JsonObject;
  readonly call?: CallOptions;
}

export class TaskSource {
  private readonly channel: Channel;
  private readonly messages: VerifyMessages;
  private readonly made: MadeTasks;
  private readonly budget: TaskBudget;

  constructor(channel: Channel, messages: VerifyMessages, made: MadeTasks, budget: TaskBudget) {
    this.channel = channel;
    this.messages = messages;
    this.made = made;
    this.budget = budget;
  }

  newMessage(content: MessageContent = this.messages.complete, more: JsonObject = {}): JsonObject {
    return { messageId: randomUUID(), role: "ROLE_USER", ...content, ...more };
  }

  /** Params of a call that may make a task; skips when no more may be made. */
  request(content: MessageContent, { message, configuration }: SendOptions = {}): JsonObject {
    if (this.budget.left <= 0) skip("as many tasks were made as may be (--max-tasks)");
    this.budget.left -= 1;
    return { message: this.newMessage(content, message), ...(configuration === undefined ? {} : { configuration }) };
  }

  async send(content: MessageContent, options: SendOptions = {}): Promise<Reply> {
    return this.channel.call("SendMessage", this.request(content, options), options.call);
  }

  /** A task that has completed; the same one for all checks. Skips when the agent does not come to that. */
  async completed(): Promise<MadeTask> {
    this.made.completed ??= await this.complete();
    if (this.made.completed instanceof NotCheckable) throw this.made.completed;
    return this.made.completed;
  }

  private async complete(): Promise<MadeTask | NotCheckable> {
    try {
      const made = await this.sent(this.messages.complete, {});
      const state = textAt(made.task, "status", "state");
      if (state === "TASK_STATE_COMPLETED") return made;
      return new NotCheckable(`the message led to ${state}: name one that completes with --message`);
    } catch (thrown) {
      if (thrown instanceof NotCheckable) return thrown;
      return new NotCheckable(
        `no task could be completed: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
      );
    }
  }

  /** What `deliver` comes to the first time, for all checks: who waits for what never comes does so once. */
  async delivered(deliver: () => Promise<DeliveredTask>): Promise<DeliveredTask> {
    this.made.delivered ??= await deliver().catch((thrown: unknown) => {
      if (thrown instanceof NotCheckable) return thrown;
      throw thrown;
    });
    if (this.made.delivered instanceof NotCheckable) throw this.made.delivered;
    return this.made.delivered;
  }

  /** A new task that has completed. */
  async another(options: SendOptions = {}): Promise<MadeTask> {
    await this.completed();
    return this.sent(this.messages.complete, options);
  }

  /** A new task that waits for an answer. */
  async interrupted(): Promise<MadeTask> {
    const content = this.messages.inputRequired ?? skip("needs --input-required-message");
    const made = await this.sent(content, {});
    if (isInterrupted(made.task)) return made;
    return skip(`--input-required-message led to ${textAt(made.task, "status", "state")}`);
  }

  /** A new task that works. */
  async working(): Promise<MadeTask> {
    const content = this.messages.long ?? skip("needs --long-message");
    const made = await this.sent(content, { configuration: { returnImmediately: true } });
    if (!isTerminal(made.task) && !isInterrupted(made.task)) return made;
    return skip(`--long-message led to ${textAt(made.task, "status", "state")} at once`);
  }

  /** Remembered, so that nothing of ours stays at work. */
  keep(taskId: string): void {
    this.made.open.add(taskId);
  }

  private async sent(content: MessageContent, options: SendOptions): Promise<MadeTask> {
    const request = this.request(content, options);
    const reply = await this.channel.call("SendMessage", request, options.call);
    const task = member(reply.result, "task");
    if (reply.error !== undefined || reply.result === undefined)
      skip(`the message was answered with ${describeReply(reply)}`);
    if (!isObject(task)) return skip("the agent answers with a message, without a task");
    const made = toMade(task, member(request, "message"));
    if (!isTerminal(task)) this.keep(made.id);
    return made;
  }
}

const toMade = (task: JsonObject, message: unknown): MadeTask => {
  const id = textAt(task, "id") ?? skip(`the task has no id: ${shown(task)}`);
  return { task, id, contextId: textAt(task, "contextId"), message: isObject(message) ? message : {} };
};

const TERMINAL: ReadonlySet<unknown> = new Set(TERMINAL_STATES);
const INTERRUPTED: ReadonlySet<unknown> = new Set(INTERRUPTED_STATES);

export const stateOf = (task: unknown): string | undefined => textAt(task, "status", "state");
export const isTerminal = (task: unknown): boolean => TERMINAL.has(stateOf(task));
export const isInterrupted = (task: unknown): boolean => INTERRUPTED.has(stateOf(task));

/** The result; a finding when the server answers otherwise. */
export const resultOf = (reply: Reply, expected: string): unknown =>
  reply.error === undefined && reply.result !== undefined ? reply.result : found(describeReply(reply), expected);

/** The result that another check is about; skips when there is none. */
export const needed = (reply: Reply, what: string): unknown =>
  reply.error === undefined && reply.result !== undefined
    ? reply.result
    : skip(`${what} was answered with ${describeReply(reply)}`);

export const capability = ({ card }: ServerUnderTest, name: string): boolean =>
  member(card, "capabilities", name) === true;

/** An id no server has made. */
export const unknownId = (): string => randomUUID();
