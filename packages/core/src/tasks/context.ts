/** `ctx`: the only way from an agent's code to the world, each call journaled by the execution. */
import {
  ApprovalAsked,
  Artifact,
  AuthorizationAsked,
  CancelledError,
  FAILURE_DECISION,
  formatTarget,
  invalidArgument,
  type NewTaskEvent,
  type Part,
  PlatformError,
  PRIORITIES,
  parseInput,
  SignalName,
} from "@agentcore/contract";
import type {
  ArtifactInput,
  Authorization,
  Context,
  Decision,
  DurableEvent,
  EventOptions,
  InputRequest,
  Log,
  Reasoned,
  SignalOptions,
  StepContext,
  StepOptions,
  TaskInput,
  Tool,
} from "@agentcore/contract/authoring";
import { plainCopy } from "../payloads/plain-copy.ts";
import { assertValueSize } from "../payloads/sealed-key-value.ts";
import { assertSerialisable } from "../payloads/serialisable.ts";
import { boundedMessage } from "../payloads/serialise-error.ts";
import type { ListedTool } from "../ports/index.ts";
import { assertDecidable, startApproval } from "./approval-wait.ts";
import { AskedConsents } from "./asked-consents.ts";
import { AskedGrants } from "./asked-grants.ts";
import { canBeCarried } from "./call-records.ts";
import { assertNamed, boundTools, listTools } from "./declared-tools.ts";
import { assertEventWait, assertFewEventWaits, startEventWait } from "./event-wait.ts";
import type { Execution } from "./execution.ts";
import { Guards } from "./guards.ts";
import { withLiveProperties } from "./live-properties.ts";
import { LOG_LENGTH, type LogLength } from "./log-length.ts";
import { ModelCalls } from "./model-calls.ts";
import type { OpenCall } from "./open-call.ts";
import { createMemoryReader, ownMemoryScope } from "./own-memory.ts";
import { RECORDED_CHOICE, type RecordedChoice } from "./recorded-choice.ts";
import { createRemembering } from "./remembering.ts";
import { startSignalWait } from "./signal-wait.ts";
import { idempotencyKey, startStep } from "./steps.ts";
import { ToolCalls } from "./tool-calls.ts";
import { startAuthorization, startCommand, startInput, startSleep } from "./waits.ts";

const contextOf = withLiveProperties<Context, "signal" | "messages">(["signal", "messages"]);

export interface GuardedContext {
  readonly ctx: Context;
  /** Of the agent; null: it has none. */
  readonly guards: Guards | null;
}

export const createContext = (execution: Execution, task: TaskInput<unknown>): GuardedContext => {
  const { head, services, loaded } = execution;
  const { senses } = services;
  const hash = (value: unknown): string => senses.digest.sha256(JSON.stringify(value) ?? "").slice(0, 16);
  const memoryScope = ownMemoryScope(head.tenantId, head.agent);
  const kept = createMemoryReader(services.keyValue, head.tenantId, head.agent);
  const step = <T>(
    kind: "step" | "memory",
    name: string,
    run: (step: StepContext, path: string) => unknown,
    options: Omit<StepOptions, "key"> & { readonly key?: string | undefined; readonly inputHash?: string } = {},
  ): Promise<T> =>
    execution.call<T>({
      kind,
      name,
      key: options.key,
      inputHash: options.inputHash,
      input: options.input,
      takesInput: options.input !== undefined,
      signal: options.signal,
      start: (call, recorded, input) =>
        startStep(execution, call, recorded, {
          run: (context) => run(context, call.firstPath),
          input,
          retry: options.retry,
          timeoutMs: options.timeoutMs,
          what: `the result of ${kind} "${name}"`,
        }),
    });

  const grants = new AskedGrants(execution, () => calls);
  const models = new ModelCalls(execution, grants);
  const consents = new AskedConsents(execution, () => calls);
  const tools = new ToolCalls(execution, { calls: () => calls, grants, consents, hash });
  const { guardrails = [] } = loaded.definition;
  const guards = guardrails.length === 0 ? null : new Guards(execution, guardrails, task, () => unguarded);
  const calls: Omit<Context, "signal" | "messages"> & {
    readonly [RECORDED_CHOICE]: RecordedChoice;
    readonly [LOG_LENGTH]: LogLength;
  } = {
    [RECORDED_CHOICE]: (name) => execution.journal.choices.get(`decision:${name}`) ?? null,
    [LOG_LENGTH]: () =>
      execution.phase === "live" ? execution.seq - execution.checkpointSeq + execution.draft.events.length : 0,
    log: createLog(execution),
    env: loaded.env,
    memory: {
      ...createRemembering(execution, step, hash),
      get: (key) => step("memory", `get ${key}`, () => kept.get(key)),
      set: (key, value, options = {}) =>
        step(
          "memory",
          `set ${key}`,
          async () => {
            assertSerialisable(value, `the value of memory key "${key}"`);
            assertValueSize(key, value);
            await services.keyValue.put(
              memoryScope,
              key,
              value,
              options.ttlMs === undefined ? {} : { ttlMs: options.ttlMs },
            );
          },
          { inputHash: hash(value) },
        ),
      delete: (key) =>
        step("memory", `delete ${key}`, async () => {
          await services.keyValue.delete(memoryScope, key);
        }),
    },
    step: (name, fn, options) => {
      assertSignal(options?.signal, "ctx.step");
      return step("step", name, fn, options);
    },
    command: (target, payload, options = {}) => {
      assertSerialisable(payload, `the payload for ${formatTarget(target)}`);
      const { priority, signal } = options;
      assertSignal(signal, "ctx.command");
      if (priority !== undefined && !PRIORITIES.includes(priority))
        throw invalidArgument("the options of ctx.command", [
          { field: "priority", description: `expected one of ${PRIORITIES.join(", ")}` },
        ]);
      // Not more than whoever began the chain was let do (design: Fairness).
      if (priority === "urgent" && head.priority !== "urgent")
        throw new PlatformError(
          "PERMISSION_DENIED",
          `ctx.command: priority: urgent is for tasks that are urgent themselves, and this one is ${head.priority}; use high`,
          { violations: [{ field: "priority", description: "expected low, normal or high" }] },
        );
      return execution.call({
        kind: "command",
        name: formatTarget(target),
        key: options.key,
        inputHash: hash([options.skill, payload]),
        input: plainCopy(payload),
        takesInput: true,
        detached: options.detached,
        signal,
        start: (call, recorded, input) =>
          startCommand(execution, call, recorded, {
            target,
            payload: input,
            skill: options.skill,
            priority,
            timeoutMs: options.timeoutMs,
            signal,
          }),
      });
    },
    query: (target, payload, options = {}) =>
      execution.call({
        kind: "query",
        name: formatTarget(target),
        key: options.key,
        inputHash: hash([options.skill, payload]),
        input: payload,
        takesInput: true,
        start: (call, recorded, input) =>
          startStep(execution, call, recorded, {
            input,
            run: ({ signal }) =>
              services.query(execution, {
                target,
                payload: input,
                skill: options.skill,
                timeoutMs: options.timeoutMs ?? 30_000,
                signal,
              }),
            // The bus retries queries itself; a second layer would multiply the tries.
            retry: { maxAttempts: 1 },
            what: `the answer to ${formatTarget(target)}`,
          }),
      }),
    emit: async (topic, payload, options = {}) => {
      assertSerialisable(payload, `the payload of event "${topic}"`);
      await execution.call({
        kind: "emit",
        name: topic,
        key: options.key,
        inputHash: hash([options.durable ?? false, options.mayDiffer === true ? null : payload]),
        input: plainCopy(payload),
        takesInput: true,
        start: (call, _, input) => {
          // Sent even when the code returns without awaiting it.
          execution.beginSending();
          execution.whenDurable(() => {
            if (!execution.isOpen(call)) return execution.endSending();
            const id = idempotencyKey(execution, call.path).slice(0, 32);
            if (options.durable === true)
              execution.addOutbox({
                id,
                kind: "event",
                payload: { topic, payload: input, source: head.agent, taskId: head.taskId },
              });
            else services.emit(execution, topic, input, id);
            execution.complete(call, id);
            execution.endSending();
          });
        },
      });
    },
    artifact: async (input) => {
      const artifact = toArtifact(input);
      const inputHash = hash(input);
      const mark = execution.mark("artifact", input.id ?? input.name, inputHash);
      if (mark === null || !mark.isNew) return;
      execution.append({
        type: "artifact.appended",
        at: senses.clock.now(),
        data: {
          path: mark.path,
          kind: "artifact",
          inputHash,
          artifact,
          append: input.append === true,
          lastChunk: input.lastChunk !== false,
        },
      });
    },
    progress: async (message, share) => {
      const mark = execution.mark("progress", "progress", undefined);
      if (mark === null || !mark.isNew) return;
      execution.append({
        type: "task.progressed",
        at: senses.clock.now(),
        // A total of zero or a rounding error is no reason to make a log unreadable.
        data: {
          path: mark.path,
          kind: "progress",
          message: boundedMessage(String(message)),
          ...(typeof share !== "number" || Number.isNaN(share) ? {} : { share: Math.min(1, Math.max(0, share)) }),
          ...(execution.isAsking ? { whileAsking: true } : {}),
        },
      });
    },
    waitForInput: <T>(request: InputRequest<T> | string) => {
      const question: InputRequest<T> = typeof request === "string" ? { prompt: request } : request;
      if (typeof question.prompt !== "string" || question.prompt === "") {
        throw new PlatformError(
          "INVALID_ARGUMENT",
          "ctx.waitForInput: prompt: expected the question in words, or { prompt: … }",
        );
      }
      assertSignal(question.signal, "ctx.waitForInput");
      assertSerialisable([question.prompt, question.data], "the question of ctx.waitForInput");
      return execution.call<T>({
        kind: "input",
        name: "input",
        key: question.key,
        inputHash: hash([question.prompt, question.data]),
        input:
          question.data === undefined ? { prompt: question.prompt } : { prompt: question.prompt, data: question.data },
        signal: question.signal,
        start: (call, recorded) => startInput(execution, call, recorded, question),
      });
    },
    waitForAuthorization: ({ prompt, signal, ...request }) => {
      if (typeof prompt !== "string" || prompt === "")
        throw new PlatformError(
          "INVALID_ARGUMENT",
          "ctx.waitForAuthorization: prompt: expected what is needed and what for, in words",
        );
      assertSignal(signal, "ctx.waitForAuthorization");
      const asked = parseInput(AuthorizationAsked, request, "the request of ctx.waitForAuthorization");
      const { name } = asked;
      // Who grants it says the name only.
      if ([...execution.open.values()].some(({ kind, path }) => kind === "authorization" && nameOf(path) === name))
        throw new PlatformError(
          "STEP_KEY_COLLISION",
          `the task waits for access to ${name} already; give the other a name of its own`,
        );
      return execution.call<Authorization>({
        kind: "authorization",
        name,
        inputHash: hash([prompt, asked]),
        input: { prompt, ...asked },
        signal,
        start: (call, recorded) => startAuthorization(execution, call, recorded, { prompt, asked, signal }),
      });
    },
    waitForDecision: ({ key, signal, ...request }) => {
      assertSignal(signal, "ctx.waitForDecision");
      assertSerialisable(request.show, "what ctx.waitForDecision shows");
      const asked = parseInput(ApprovalAsked, request, "the request of ctx.waitForDecision");
      assertDecidable(asked, head.caller);
      return execution.call<Decision>({
        kind: "approval",
        name: "approval",
        key,
        inputHash: hash(asked),
        input: request.show,
        signal,
        start: (call, recorded) => startApproval(execution, call, recorded, asked, signal),
      });
    },
    waitForSignal: <T>(name: string, { schema, key, timeoutMs, signal }: SignalOptions<T> = {}) => {
      parseInput(SignalName, name, "the name of ctx.waitForSignal");
      assertTimeout(timeoutMs, "ctx.waitForSignal");
      assertSignal(signal, "ctx.waitForSignal");
      return execution.call<T>({
        kind: "signal",
        name,
        key,
        input: { signal: name },
        signal,
        start: (call, recorded) => startSignalWait(execution, call, recorded, { name, schema, timeoutMs, signal }),
      });
    },
    waitForEvent: <Payload>(topic: string, options: EventOptions = {}) => {
      const wait = assertEventWait(topic, options);
      const { key, timeoutMs, signal } = options;
      assertTimeout(timeoutMs, "ctx.waitForEvent");
      assertSignal(signal, "ctx.waitForEvent");
      assertFewEventWaits(execution);
      return execution.call<DurableEvent<Payload>>({
        kind: "event",
        name: topic,
        key,
        inputHash: hash([topic, wait.where, wait.with]),
        input: { topic, ...(wait.where === undefined ? {} : { where: wait.where, with: wait.with }) },
        signal,
        start: (call, recorded) => startEventWait(execution, call, recorded, { wait, timeoutMs, signal }),
      });
    },
    sleep: async (ms, options = {}) => {
      if (!Number.isFinite(ms) || ms < 0)
        throw new PlatformError("INVALID_ARGUMENT", `ctx.sleep: expected milliseconds of 0 or more, got ${ms}`);
      assertSignal(options.signal, "ctx.sleep");
      const heard = execution.intake.messages.count;
      await execution.call({
        kind: "sleep",
        name: "sleep",
        key: options.key,
        inputHash: String(ms),
        input: { ms },
        signal: options.signal,
        start: (call, recorded) =>
          startSleep(execution, call, recorded, {
            ms,
            signal: options.signal,
            ...(options.untilMessage === true ? { heard } : {}),
          }),
      });
    },
    model: (request) => models.ask(request),
    tool: <Input, Output>(tool: Tool<Input, Output>, input: Input, options: StepOptions = {}) => {
      assertSignal(options.signal, "ctx.tool");
      return tools.call(tool, input, options, guards);
    },
    tools: async (name, { key } = {}) => {
      assertNamed(execution, name);
      const listed = await consents.untilGiven(() =>
        step<readonly ListedTool[]>(
          "step",
          `tools of ${name}`,
          ({ signal }) => listTools(execution, name, signal),
          key === undefined ? {} : { key },
        ),
      );
      return boundTools(execution, name, listed);
    },
    decide: <Choice extends string>(
      name: string,
      choose: () => Choice | Reasoned<Choice>,
      { implied }: { readonly implied?: Choice } = {},
    ): Choice => {
      const decided = (): Reasoned<Choice> => {
        const made = choose();
        return typeof made === "object" ? made : { choice: made };
      };
      const mark = execution.mark("decision", name, undefined);
      if (mark === null) return decided().choice;
      const recorded = execution.journal.choices.get(mark.path);
      if (recorded !== undefined) return recorded as Choice;
      // Any other would stand in the log before what came later.
      if (implied !== undefined && execution.visits.isBehind) return implied;
      const { choice, reasons = [], scores = [] } = decided();
      if (typeof choice !== "string" || choice === "")
        throw new PlatformError("INVALID_ARGUMENT", `ctx.decide "${name}": expected the name of what is chosen`);
      if (choice === implied) return choice;
      const event: NewTaskEvent = {
        type: "decision.made",
        at: senses.clock.now(),
        data: {
          ...{ path: mark.path, kind: "choice", choice },
          scores: [...scores],
          reasons: reasons.map((reason) => boundedMessage(reason)),
        },
      };
      if (name === FAILURE_DECISION) execution.append(event, () => services.sawFailure(execution, choice));
      else execution.append(event);
      return choice;
    },
    now: () => execution.time,
    random: () => Number.parseInt(execution.draws.next("random").slice(0, 12), 16) / 2 ** 48,
    id: () => execution.draws.next("id").slice(0, 32),
    patched: (id) => {
      const mark = execution.mark("patched", id, undefined);
      if (mark === null) return false;
      if (!mark.isNew) return true;
      // Not in the log although later calls are: an old run passed here before the patch was there.
      if (execution.visits.isBehind) {
        execution.visits.unvisit(mark.path);
        return false;
      }
      execution.append({
        type: "step.completed",
        at: senses.clock.now(),
        data: { path: mark.path, kind: "patched", result: true },
      });
      return true;
    },
    continueAs: (state, { carry = false } = {}) => {
      const never = new Promise<never>(() => {});
      if (execution.isClosed) return never;
      assertSerialisable(state, "the state given to ctx.continueAs");
      // A fresh history would forget the cancel.
      if (execution.intake.cancelRequested && !execution.ending.compensates)
        throw new CancelledError("the task was canceled; it does not go on in a fresh log");
      const stuck = carry
        ? [...execution.open.values()].filter((call) => !canGoOn(call))
        : [...execution.open.values()];
      if (stuck.length > 0)
        throw new PlatformError(
          "UNSUPPORTED_OPERATION",
          `ctx.continueAs: ${stuck.map(({ path }) => path).join(", ")} still under way; await it first${carry ? ", or give it a key of its own where it is a wait" : ", or carry it"}`,
        );
      // A fresh log would forget what they wait for.
      const passedBy = execution.visits.ahead();
      if (passedBy.length > 0) {
        execution.ending.diverge(passedBy);
        return never;
      }
      const { unread } = execution.intake.messages;
      const signals = execution.intake.signals.unread;
      const carried = execution.journal.records.of(execution.open.keys());
      if (unread.length + signals.length + carried.length > 0)
        assertSerialisable(
          [state, unread, signals, carried],
          `the state given to ctx.continueAs, with ${unread.length} messages that the code has not read in ctx.messages, ${signals.length} signals that it has not waited for and ${execution.open.size} calls under way,`,
        );
      execution.appendCheckpoint({ state, unread, signals, carried });
      return never;
    },
  };
  const readers = { signal: () => execution.signal, messages: () => execution.intake.messages.show() };
  // Guardrails that call tools would else guard themselves.
  const unguarded: Context = contextOf(
    { ...calls, tool: (tool, input, options = {}) => tools.call(tool, input, options, null) },
    readers,
  );
  return { ctx: contextOf(calls, readers), guards };
};

/** The fresh history counts calls of one name from the first again. */
const canGoOn = ({ kind, path }: OpenCall): boolean => canBeCarried(kind) && !/#\d+$/.test(path);

const assertTimeout = (timeoutMs: number | undefined, what: string): void => {
  if (timeoutMs === undefined || (Number.isFinite(timeoutMs) && timeoutMs >= 0)) return;
  throw new PlatformError(
    "INVALID_ARGUMENT",
    `${what}: timeoutMs: expected milliseconds of 0 or more, got ${timeoutMs}`,
  );
};

/** Before the call is in the log, where what is wrong with it would look like another fault. Throws INVALID_ARGUMENT. */
const assertSignal = (signal: Partial<AbortSignal> | null | undefined, what: string): void => {
  if (signal === undefined || signal === null) return;
  const { aborted, addEventListener, removeEventListener } = signal;
  const isSignal =
    typeof aborted === "boolean" && [addEventListener, removeEventListener].every((each) => typeof each === "function");
  if (!isSignal)
    throw new PlatformError(
      "INVALID_ARGUMENT",
      `${what}: signal: expected an AbortSignal, such as the \`signal\` of an AbortController`,
    );
};

/** `authorization:github#2` → `github`: names hold no `#`. */
const nameOf = (path: string): string => path.slice(path.indexOf(":") + 1).replace(/#\d+$/, "");

const createLog = (execution: Execution): Log => {
  const { head, services } = execution;
  const write =
    (level: "debug" | "info" | "warn" | "error") => (message: string, fields?: Readonly<Record<string, unknown>>) => {
      // A replay says nothing twice.
      if (execution.phase === "replaying") return;
      services.senses.logger.log(level, message, {
        ...fields,
        tenantId: head.tenantId,
        taskId: head.taskId,
        agent: head.agent,
      });
    };
  return { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
};

const toArtifact = (input: ArtifactInput): Artifact => {
  const given = [input.data !== undefined, input.text !== undefined, input.parts !== undefined].filter(Boolean).length;
  if (given !== 1)
    throw new PlatformError(
      "INVALID_ARGUMENT",
      `artifact "${input.name}": expected exactly one of data, text, parts; got ${given}`,
    );
  assertSerialisable([input.data, input.text, input.parts, input.description], `artifact "${input.name}"`);
  const media = input.mediaType === undefined ? {} : { mediaType: input.mediaType };
  // Here and where else `ctx` takes something to be written later: a copy, as the code may go on with what it gave.
  const parts: Part[] =
    input.parts !== undefined
      ? (plainCopy(input.parts) as Part[])
      : [input.text !== undefined ? { text: input.text, ...media } : { data: plainCopy(input.data), ...media }];
  const { name, description, id = name } = input;
  // What the contract refuses would make the whole log unreadable.
  return parseInput(
    Artifact,
    { artifactId: id, name, ...(description === undefined ? {} : { description }), parts },
    `artifact "${name}"`,
  );
};
