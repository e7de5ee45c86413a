import type { A2AMessage, Part } from "../a2a.ts";
import type { Credential } from "../authorization.ts";
import type { SerializedError } from "../errors.ts";
import type { Priority } from "../events.ts";
import type { Target } from "../target.ts";
import type { Schema } from "./agent-definition.ts";
import type { Tool } from "./tool.ts";

/** Retries of one step, within the task's deadline. */
export interface RetryPolicy {
  /** Tries in all. @default 4 */
  readonly maxAttempts?: number;
  /** Wait before the second try; doubles each time. @default 100 */
  readonly initialDelayMs?: number;
  /** Longest wait. @default 30000 */
  readonly maxDelayMs?: number;
}

export interface StepOptions {
  /** Tells calls of one name apart that are under way at once, for example an item's id. */
  readonly key?: string;
  readonly retry?: RetryPolicy;
  /** Milliseconds one try may take. @default none but the task's deadline */
  readonly timeoutMs?: number;
  /** What the step works on: `step.input`, and shown to who debugs the task when a breakpoint holds it. Recorded only then. */
  readonly input?: unknown;
  /** Ends the step with CANCELED when it aborts while a breakpoint holds it; one that has begun comes to its end. */
  readonly signal?: AbortSignal;
}

/** What `ctx.waitForAuthorization` asks for. */
export interface AuthorizationRequest {
  /** What is needed and what for, in words for a person. */
  readonly prompt: string;
  /** Whose access, for example `github`: by it a grant says what it is for. 1 to 128 letters, digits and `._:/@-`. */
  readonly name: string;
  /** What the access must allow: at most 100. */
  readonly scopes?: readonly string[];
  /** Where a person gives consent: http or https. */
  readonly url?: string;
  /** Most milliseconds that a grant is good for, up to 30 days. @default a day, for a grant with a credential */
  readonly maxDurationMs?: number;
  /**
   * Takes the question back when it aborts: the wait rejects with CANCELED, and the task works again. To be aborted because of what
   * came through `ctx` only, so that a replay does the same.
   */
  readonly signal?: AbortSignal;
}

/** Says that access was granted. It is recorded and names the credential, which is not. */
export interface Authorization {
  readonly name: string;
  /** The caller who granted it. */
  readonly grantedBy: string;
  /** Milliseconds since 1970. */
  readonly grantedAt: number;
  /** Milliseconds since 1970; absent where nothing expires. */
  readonly expiresAt?: number;
  readonly reference: string;
}

/** What `ctx.waitForDecision` asks for. */
export interface DecisionRequest {
  /** Tells decisions apart that are asked for at once. */
  readonly key?: string;
  /** What is to be decided, in words for a person. */
  readonly prompt: string;
  /** What they decide on, as JSON: whoever decides, decides on exactly this. With prompt and choices at most 64 KiB. */
  readonly show?: unknown;
  /** 1 to 20. @default ["approve", "reject"] */
  readonly choices?: readonly string[];
  /** Names of callers. @default whoever may send messages to the task: its caller, and operators */
  readonly approvers?: readonly string[];
  /** So many different people, 1 to 10, must choose the same; the task's caller may not be one of them. @default one, whoever it is */
  readonly fourEyes?: number;
  /** Milliseconds, up to 366 days, after which it rejects with DECISION_EXPIRED. @default it waits for ever */
  readonly expiresMs?: number;
  /** Milliseconds after which it is asked once more. @default never */
  readonly remindMs?: number;
  /** Who may decide as well when nobody has for so long. */
  readonly escalate?: { readonly afterMs: number; readonly to: readonly string[] };
  /** Takes the question back, as in `AuthorizationRequest`: the wait rejects with CANCELED. */
  readonly signal?: AbortSignal;
}

/** What was decided. */
export interface Decision {
  readonly choice: string;
  /** Those who chose it, in the order they did; `at` in milliseconds since 1970. */
  readonly by: readonly { readonly caller: string; readonly comment?: string; readonly at: number }[];
  /** Names the question, as in the log and the inbox. */
  readonly id: string;
}

export interface StepContext {
  /** Aborts on cancel, deadline, timeout and loss of the lease; of a call that is made after a cancel, it has not aborted for that. */
  readonly signal: AbortSignal;
  /** hash(tenant, task, path): the same on every try, also after a crash. */
  readonly idempotencyKey: string;
  /** 1 on the first try. */
  readonly attempt: number;
  /** `input` of the step's options, or what somebody who debugs the task gave it in place of that. */
  readonly input: unknown;
  /**
   * The secret behind an authorisation of this task, read anew on every try. A result of the step that holds it is refused;
   * in the message of an error it is blanked (a secret of 8 characters or more). Throws PERMISSION_DENIED when it has
   * expired, UNSUPPORTED_OPERATION when access was granted without one.
   */
  credential(authorization: Authorization): Promise<Credential>;
}

export interface CommandOptions {
  readonly key?: string;
  /** Goes on when this task is canceled. @default false */
  readonly detached?: boolean;
  /** Milliseconds for this command. @default the rest of the task's own time */
  readonly timeoutMs?: number;
  readonly skill?: string;
  /**
   * Withdraws the command when it aborts: a child that was made is canceled, and the call settles with what became of it, its output when it
   * completed all the same; before that it rejects with CANCELED, and no child is made. Nobody else gets the command then. To be aborted
   * because of what came through `ctx` only, so that a replay does the same.
   */
  readonly signal?: AbortSignal;
  /**
   * Of the child. `urgent` only below an urgent task, else PERMISSION_DENIED. @default the task's own: what it waits for is never less
   * urgent than itself
   */
  readonly priority?: Priority;
}

export interface QueryOptions {
  readonly key?: string;
  /** @default 30000 */
  readonly timeoutMs?: number;
  readonly skill?: string;
}

/** What became of a query by labels at one of the agents: plain JSON, as it is recorded. */
export type AgentAnswer<T = unknown> =
  | { readonly agent: string; readonly status: "fulfilled"; readonly value: T }
  | { readonly agent: string; readonly status: "rejected"; readonly error: SerializedError };

export interface ArtifactInput {
  /** Tells artifacts of one name apart. @default the name */
  readonly id?: string;
  readonly name: string;
  readonly description?: string;
  /** Exactly one of `data` (JSON), `text`, `parts`. */
  readonly data?: unknown;
  readonly text?: string;
  readonly parts?: readonly Part[];
  readonly mediaType?: string;
  /** Adds to the artifact of that id instead of replacing it. @default false */
  readonly append?: boolean;
  /** @default true */
  readonly lastChunk?: boolean;
}

export interface InputRequest<T> {
  /** What is asked, in words for a person. */
  readonly prompt: string;
  /** Further parts shown with the question. */
  readonly data?: unknown;
  /** Answers that do not fit are refused and asked again. */
  readonly schema?: Schema<T>;
  readonly key?: string;
  /** Takes the question back when it aborts: the wait rejects with CANCELED, and the task works again. As in `AuthorizationRequest`. */
  readonly signal?: AbortSignal;
}

/** One of several ways, and why. */
export interface Reasoned<Choice extends string = string> {
  readonly choice: Choice;
  /** @default none */
  readonly reasons?: readonly string[];
  /** Of the ways there were, where numbers decided. @default none */
  readonly scores?: readonly { readonly candidate: string; readonly score: number }[];
}

/** What `ctx.waitForSignal` takes. */
export interface SignalOptions<T> {
  /** Signals whose payload does not fit are refused, which is recorded, and waited past. */
  readonly schema?: Schema<T>;
  /** Tells waits for one name apart that are under way at once. */
  readonly key?: string;
  /** Milliseconds; then it rejects with DEADLINE_EXCEEDED. @default none but the task's deadline */
  readonly timeoutMs?: number;
  /** Ends it early: it rejects with CANCELED. It may follow what came through `ctx` only, so that a replay does the same. */
  readonly signal?: AbortSignal;
}

/** What `ctx.waitForEvent` takes. */
export interface EventOptions {
  /**
   * Of which events it is: true or false, in CEL over `event`, as it will be given, and `with`. What `with` has under the name of a variable of
   * workflows (`input`, `nodes` …) may also be read by that name alone. One that it cannot be asked of does not end the wait. @default the first of the topic
   */
  readonly where?: string;
  /** JSON that `where` reads, at most 64 KiB. */
  readonly with?: Readonly<Record<string, unknown>>;
  /** Tells waits for one topic apart that are under way at once. */
  readonly key?: string;
  /** Milliseconds; then it rejects with DEADLINE_EXCEEDED. @default none but the task's deadline */
  readonly timeoutMs?: number;
  /** Ends it early: it rejects with CANCELED. It may follow what came through `ctx` only, so that a replay does the same. */
  readonly signal?: AbortSignal;
}

/** A durable event, as whoever subscribes to it gets it. */
export interface DurableEvent<Payload = unknown> {
  readonly id: string;
  readonly topic: string;
  /** The agent that told it. */
  readonly source: string;
  readonly payload: Payload;
}

export interface ModelMessage {
  readonly role: "system" | "user" | "assistant" | "tool";
  readonly content: string;
  readonly toolCalls?: readonly ModelToolCall[];
  readonly toolCallId?: string;
  readonly toolName?: string;
}

export interface ModelToolCall {
  readonly id: string;
  readonly name: string;
  readonly input: unknown;
}

export interface ModelRequest {
  /** A Model manifest or `provider/model`. @default the agent's */
  readonly model?: string;
  readonly messages: readonly ModelMessage[];
  readonly tools?: readonly Tool[];
  /** Whether tools may be called, must be, or which one. @default "auto" */
  readonly toolChoice?: "auto" | "none" | "required" | { readonly name: string };
  /** The answer is to be JSON, of that JSON Schema if one is given. @default plain text */
  readonly output?: { readonly name?: string; readonly schema?: Readonly<Record<string, unknown>> };
  readonly temperature?: number;
  readonly topP?: number;
  /** At most 4. */
  readonly stop?: readonly string[];
  readonly seed?: number;
  /** @default the model's own bound; where a budget stands on the call no more is asked for than it was reserved for */
  readonly maxOutputTokens?: number;
  readonly key?: string;
  /** Of the whole call, every model that may answer having been asked once. @default as for steps */
  readonly retry?: RetryPolicy;
  /** Milliseconds one try may take, all models together. @default none but the models' own and the task's deadline */
  readonly timeoutMs?: number;
  /** False: a kept answer will not do, and this one is not kept. @default true, where the model has a cache */
  readonly cache?: boolean;
  /** The text is streamed into the artifact of that id and name as it comes. @default it is given whole */
  readonly artifact?: { readonly id?: string; readonly name: string };
}

export interface ModelResponse {
  readonly text: string;
  readonly toolCalls: readonly ModelToolCall[];
  /** `stop`, `length`, `tool-calls`, `content-filter`, `error` or `other`. */
  readonly finishReason: string;
  readonly usage: ModelUsage;
  /** Which answered, as `provider/model`; absent where nobody knows. */
  readonly model?: string;
  /** US dollars; absent without a price. 0 for an answer that was kept. */
  readonly costUsd?: number;
  /** The level of the cache that it comes from. @default none: the model was asked */
  readonly cache?: "memory" | "shared" | "content" | "semantic";
}

/** Tokens. */
export interface ModelUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Of `inputTokens`, those read from, and those written to, the provider's prompt cache. @default 0 */
  readonly cachedInputTokens?: number;
  readonly cacheWriteTokens?: number;
  /** Of `outputTokens`. @default 0 */
  readonly reasoningTokens?: number;
  /** The provider reported no usable numbers: these are estimated from the text. @default false */
  readonly estimated?: boolean;
}

export interface Log {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** What `ctx.memory.remember` keeps. */
export interface NewMemory {
  /** What it is found by, and given back: 1 to 16,384 characters. */
  readonly text: string;
  /** JSON that is given back with it and not searched, at most 64 KiB. */
  readonly data?: unknown;
  /** At most 20, of 1 to 64 characters. */
  readonly tags?: readonly string[];
  /** Where it was read: all of one document can be forgotten together. At most 1,024 characters. */
  readonly document?: string;
  /** 0 to 1. @default 0.5 */
  readonly importance?: number;
  /** Milliseconds; then it is forgotten, or earlier where the pool says so. @default the pool's */
  readonly ttlMs?: number;
}

export interface MemoryOptions {
  /**
   * `agent`: this agent's own; `caller`: what it knows of whoever asked for the task, which no other caller's task sees; else the name of a
   * MemoryPool that gives it the right. @default "agent"
   */
  readonly pool?: string;
  /** Tells calls that are alike apart when they are under way at once. */
  readonly key?: string;
}

export interface Remembered {
  readonly id: string;
  /** In full: `agent:NAME`, `caller:NAME/CALLER` or the name of a MemoryPool. */
  readonly pool: string;
  /** False: somebody has had it forgotten since this call was begun first, and it stays so. */
  readonly kept: boolean;
  /** Ids of what was let go to make room. */
  readonly forgotten: readonly string[];
  readonly reasons: readonly string[];
}

export interface RecallOptions extends MemoryOptions {
  /** 1 to 50. @default 8 */
  readonly limit?: number;
  /** Only what has all of these. */
  readonly tags?: readonly string[];
  /** Only what was read there. */
  readonly document?: string;
}

/** Something that is remembered, and why it was found. */
export interface Recollection {
  readonly id: string;
  readonly pool: string;
  readonly text: string;
  readonly data?: unknown;
  readonly tags: readonly string[];
  readonly source: {
    readonly taskId: string;
    readonly path: string;
    readonly contextId: string;
    readonly caller: string;
    readonly document?: string | undefined;
  };
  /** `agent:NAME` */
  readonly writtenBy: string;
  /** Milliseconds since 1970, as the other times. */
  readonly at: number;
  readonly expiresAt?: number | undefined;
  readonly importance: number;
  readonly lastUsedAt: number;
  readonly uses: number;
  /** 0 to 1: of this search, and no measure between searches. */
  readonly score: number;
  readonly reasons: readonly string[];
}

export interface Recalled {
  /** Best first. */
  readonly memories: readonly Recollection[];
  /** Of the search as a whole: what it went by, and what it lacked. */
  readonly reasons: readonly string[];
}

/**
 * Which memories: exactly one of them. `words`: all that hold each of these words; nothing is guessed by its meaning. `task`, `document`: all that came
 * from it. `all`: the whole pool.
 */
export type ForgetWhich =
  | { readonly id: string }
  | { readonly words: string }
  | { readonly task: string }
  | { readonly document: string }
  | { readonly all: true };

export interface Forgotten {
  readonly count: number;
  /** The first hundred. */
  readonly ids: readonly string[];
}

/** What a caller and this agent said to each other before, in the same context. */
export interface EarlierTurn {
  readonly role: "user" | "assistant";
  /** At most 16,384 characters and a mark that there was more; data as JSON. */
  readonly text: string;
  readonly taskId: string;
  /** Of the task's end, in milliseconds since 1970. */
  readonly at: number;
}

export interface Memory {
  /** Values of this agent in the tenant: its working state. Keys have at most 1,024 characters. Null: nothing is kept there. */
  get(key: string): Promise<unknown>;
  /** `ttlMs`: the value is gone after that time. Throws TOO_LARGE over 1 MiB. */
  set(key: string, value: unknown, options?: { readonly ttlMs?: number }): Promise<void>;
  delete(key: string): Promise<void>;
  /**
   * Keeps something that later tasks may recall. It has the id of this call: a step that runs again after a crash finds its own. Throws INVALID_ARGUMENT,
   * TOO_LARGE, NOT_FOUND (no such pool), PERMISSION_DENIED, OVERLOADED (a full pool that forgets nothing by itself).
   */
  remember(memory: string | NewMemory, options?: MemoryOptions): Promise<Remembered>;
  /** What is remembered about it, best first, by words and by meaning; a replay is given what was recalled then. Throws as `remember` does. */
  recall(query: string, options?: RecallOptions): Promise<Recalled>;
  /**
   * The conversation so far: what this caller and this agent said in completed tasks of this context, oldest first, as their logs tell it; at most 256 KiB, the
   * newest of it. `limit`: tasks at most, 1 to 50. @default 20. A replay is given what it was then. Throws INVALID_ARGUMENT.
   */
  history(options?: { readonly limit?: number; readonly key?: string }): Promise<readonly EarlierTurn[]>;
  /** Gone when it resolves: text, data, words and vectors. In a shared pool only what this agent wrote. Throws as `remember` does. */
  forget(which: ForgetWhich, options?: MemoryOptions): Promise<Forgotten>;
}

/**
 * The only way from an agent's code to the world. Every call is journaled: after a crash the code runs again from the
 * top and recorded calls return what they returned (I3). Waiting for anything else cannot be continued (OUTSIDE_AWAIT).
 */
export interface Context {
  readonly log: Log;
  /** Aborts on cancel, deadline and loss of the lease; its reason tells which. */
  readonly signal: AbortSignal;
  readonly memory: Memory;
  /** Environment of the manifest. */
  readonly env: Readonly<Record<string, string>>;
  /** Runs `fn` and records its JSON result, or its error. A step in flight at a crash runs again with the same idempotency key (I4). */
  step<T>(name: string, fn: (step: StepContext) => Promise<T> | T, options?: StepOptions): Promise<T>;
  command<T = unknown>(target: Target, payload: unknown, options?: CommandOptions): Promise<T>;
  /** By `labels` it gives an `AgentAnswer` for each agent that has them, and rejects only when there is none. */
  query<T = unknown>(target: Target, payload: unknown, options?: QueryOptions): Promise<T>;
  /**
   * Tells subscribers. `durable`: each subscribing agent gets a task, once per event; else whoever listens now. `mayDiffer`: a replay may come with
   * another payload; what was told stays.
   */
  emit(
    topic: string,
    payload: unknown,
    options?: { readonly durable?: boolean; readonly key?: string; readonly mayDiffer?: boolean },
  ): Promise<void>;
  artifact(artifact: ArtifactInput): Promise<void>;
  progress(message: string, share?: number): Promise<void>;
  /** Waits for a person or a caller, for days if need be; nothing stays in memory. */
  waitForInput<T = string>(request: InputRequest<T> | string): Promise<T>;
  /**
   * Waits until access is granted, outside of messages (A2A 7.6): the task is AUTH_REQUIRED, and nothing stays in memory.
   * Rejects with PERMISSION_DENIED when access is refused. STEP_KEY_COLLISION: the same name is asked for already.
   */
  waitForAuthorization(request: AuthorizationRequest): Promise<Authorization>;
  /**
   * Waits until people have decided on what they are shown; nothing stays in memory. Rejects with DECISION_EXPIRED, with DECISION_DIVIDED when
   * all who may decide have and too few agree, with CANCELED when `signal` takes it back. Throws INVALID_ARGUMENT, TOO_LARGE.
   */
  waitForDecision(request: DecisionRequest): Promise<Decision>;
  /**
   * Waits until somebody sends the task a signal of that name (`POST /api/v1/tasks/{id}/signals/{name}`), and gives its payload; nothing stays in
   * memory. One that came before is kept for it: each is given once, to the first wait of its name, in order of arrival. What is kept goes
   * through `continueAs`. `name`: 1 to 200 letters, digits or `._:-`.
   */
  waitForSignal<T = unknown>(name: string, options?: SignalOptions<T>): Promise<T>;
  /**
   * Waits for a durable event of the tenant, by `topic` or a pattern (`loan.*`, `*`); nothing stays in memory. What is told once the call is in the log is
   * not missed, what was on its way then may end it. Each wait is given one event, the first that fits; an event ends every wait that it fits. Rejects with
   * INVALID_ARGUMENT for a `where` that is none, with OVERLOADED when as many wait as may: 1,000 in a task, 100,000 in a tenant. Throws
   * INVALID_ARGUMENT, TOO_LARGE.
   */
  waitForEvent<Payload = unknown>(topic: string, options?: EventOptions): Promise<DurableEvent<Payload>>;
  /**
   * What has come since the submission, answers included, as of now: look again for more. After `continueAs` it begins with what came and was
   * neither looked at here nor given to `waitForInput` as an answer.
   */
  readonly messages: readonly A2AMessage[];
  /**
   * `signal` ends it early: it rejects with CANCELED. As in `AuthorizationRequest` it may follow what came through `ctx` only.
   * `untilMessage`: a message to the task ends it early too; then `messages` has one more.
   */
  sleep(
    ms: number,
    options?: { readonly key?: string; readonly signal?: AbortSignal; readonly untilMessage?: boolean },
  ): Promise<void>;
  model(request: ModelRequest): Promise<ModelResponse>;
  /**
   * Runs a tool, if nothing stands against it, in this order: its schema, permission, policies of the tenant, guardrails of the agent, limits, approval.
   * Rejects with INVALID_ARGUMENT, PERMISSION_DENIED, LIMIT_REACHED, BUDGET_EXCEEDED; with OUTCOME_UNKNOWN where a tool that is not idempotent was begun
   * and nobody knows what became of it; with OUTPUT_MISMATCH; and with what the tool threw.
   */
  tool<Input, Output>(tool: Tool<Input, Output>, input: Input, options?: StepOptions): Promise<Output>;
  /**
   * The tools of a Tool manifest that the agent names, as they are now: recorded, so that a replay sees those that the run saw. Their names begin with
   * the manifest's and `__`. Rejects with PERMISSION_DENIED (the agent does not name it), NOT_FOUND, NOT_INSTALLED, UPSTREAM_FAILED.
   */
  tools(name: string, options?: { readonly key?: string }): Promise<readonly Tool[]>;
  /**
   * Records which way the code goes and why; a replay goes the way that was recorded, whatever `choose` would say now. Costs no wait: it is
   * written with what comes next. `implied`: the choice that is not written down, because it is what most come to: a replay that finds none
   * although the run went on takes it.
   */
  decide<Choice extends string>(
    name: string,
    choose: () => Choice | Reasoned<Choice>,
    options?: { readonly implied?: Choice },
  ): Choice;
  /** Milliseconds since 1970 of the last recorded event: the same on replay. */
  now(): number;
  /** 0 ≤ x < 1, the same on replay. */
  random(): number;
  /** A fresh id, the same on replay. */
  id(): string;
  /** True for tasks that reach this place for the first time with the code that has the patch. */
  patched(id: string): boolean;
  /**
   * Ends this log's history and starts `run` again with `task.continuedFrom = state`. Never returns. Throws TOO_LARGE when the state, with the
   * messages that were not looked at, the signals that were not waited for and what is known of calls that are carried, has more than 16 MiB,
   * CANCELED after a cancel unless the agent `compensates`, UNSUPPORTED_OPERATION beside calls under way.
   *
   * `carry`: sleeps, commands and waits for signals, events and decisions may be under way, and go on: the code that starts again has to make
   * each of them at once, before it awaits anything else, under the same key, and is given what comes of it. Whoever was shown a decision's
   * token may still use it. Each needs a `key` that no call had before. Other calls have to be awaited all the same.
   * @default false
   */
  continueAs(state: unknown, options?: { readonly carry?: boolean }): Promise<never>;
}

/** What a query handler gets: it can ask, but has nothing that changes the world. */
export interface QueryContext {
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly env: Readonly<Record<string, string>>;
  readonly tenantId: string;
  /** What the agent's tasks have kept by `ctx.memory.set`, as it is now. */
  readonly memory: Pick<Memory, "get">;
  /** As `Context.query`. */
  query<T = unknown>(target: Target, payload: unknown, options?: QueryOptions): Promise<T>;
}
