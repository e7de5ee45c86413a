/** Calls that wait durably: commands to other agents, answers of people, time. */
import {
  type A2AMessage,
  type AuthorizationAsked,
  type AuthorizationQuestion,
  CancelledError,
  type Part,
  PlatformError,
  type SerializedError,
} from "@agentcore/contract";
import type { Authorization, InputRequest, Schema } from "@agentcore/contract/authoring";
import { assertSerialisable } from "../payloads/serialisable.ts";
import { authorizationReference, type Grant } from "./credentials.ts";
import type { Execution } from "./execution.ts";
import type { ChildRequest } from "./execution-services.ts";
import { cancelMail } from "./family-mail.ts";
import type { RecordedWait } from "./journal.ts";
import type { OpenCall } from "./open-call.ts";
import { describeViolation, type SchemaIssue, violationsOf } from "./schema-issues.ts";
import { wakeAt } from "./wake-at.ts";

// As for step retries: a shorter sleep is cheaper in memory than evicted.
export const RESIDENT_SLEEP_MS = 1_000;

export const startSleep = (
  execution: Execution,
  call: OpenCall,
  recorded: RecordedWait | undefined,
  {
    ms,
    signal,
    heard,
  }: {
    readonly ms: number;
    readonly signal?: AbortSignal | undefined;
    /** Messages that the code knew when it began: one more ends it. */
    readonly heard?: number;
  },
): void => {
  const now = execution.services.senses.clock.now();
  const dueAt = recorded?.dueAt ?? Math.ceil(now + ms);
  if (recorded === undefined) {
    execution.append({
      type: "step.started",
      at: now,
      data: { path: call.path, kind: "sleep", ...hashOf(call), attempt: 1, dueAt },
    });
  }
  call.durable = dueAt - now > RESIDENT_SLEEP_MS;
  // One end, until the code has heard of it.
  let over = false;
  const end = (how: () => void) => (): void => {
    if (over || !execution.isOpen(call)) return;
    over = true;
    how();
  };
  const done = end(() => execution.complete(call, null));
  wakeAt(execution, call, dueAt, done);
  if (heard !== undefined) {
    call.heard = done;
    // It came before the process died that was to end the sleep with it.
    if (execution.intake.messages.count > heard) done();
  }
  const cut = end(() => execution.fail(call, new CancelledError("the sleep was ended"), 1));
  if (signal?.aborted === true) cut();
  else listen(call, signal, cut);
};

/** Only live code gets here: what a replay aborts is in the log already, or aborted when the wait begins. */
export const listen = (call: OpenCall, signal: AbortSignal | undefined, onAbort: () => void): void => {
  signal?.addEventListener("abort", onAbort, { once: true });
  call.stopListening = () => signal?.removeEventListener("abort", onAbort);
};

export const hashOf = (call: OpenCall): { inputHash?: string } =>
  call.inputHash === undefined ? {} : { inputHash: call.inputHash };

export const startInput = <T>(
  execution: Execution,
  call: OpenCall,
  recorded: RecordedWait | undefined,
  request: InputRequest<T>,
): void => {
  const ask = (refused?: { readonly messageId: string; readonly why: string }): void => {
    // The code has gone on without the answer, or has ended.
    if (!execution.isOpen(call)) return;
    const prompt: Part[] = [{ text: refused === undefined ? request.prompt : `${request.prompt}\n(${refused.why})` }];
    if (request.data !== undefined) prompt.push({ data: request.data });
    execution.append({
      type: "task.inputRequired",
      at: execution.services.senses.clock.now(),
      data: {
        path: call.path,
        kind: "input",
        ...hashOf(call),
        prompt,
        ...(refused === undefined ? {} : { refusedMessageId: refused.messageId }),
      },
    });
  };
  const accept = (message: A2AMessage, value: unknown): void => {
    try {
      assertSerialisable(value, "the answer as its schema gives it back");
      execution.intake.messages.answer(message.messageId);
      execution.complete(call, { messageId: message.messageId, value });
    } catch (error) {
      execution.fail(call, PlatformError.from(error), 1);
    }
    resume(execution, call, "input");
  };
  const judge = (message: A2AMessage, [value, ...rest]: readonly unknown[]): Judging => {
    const decide = (verdict: Verdict): Judging => {
      if (call.receive === null) return Promise.resolve("unused" as const);
      if ("why" in verdict && rest.length > 0) return judge(message, rest);
      if ("why" in verdict) ask({ messageId: message.messageId, why: verdict.why });
      else if (execution.isOpen(call)) {
        call.receive = null;
        call.ask = null;
        accept(message, verdict.value);
      }
      return undefined;
    };
    const verdict = request.schema === undefined ? { value } : validate(request.schema, value);
    return verdict instanceof Promise ? verdict.then(decide) : decide(verdict);
  };
  call.durable = true;
  call.ask = ask;
  call.receive = (payload) => {
    const message = payload as A2AMessage;
    const judging = judge(message, answersIn(message));
    if (judging === undefined) return;
    // The message is taken in meanwhile: evicted now, the task would wait for an answer that it has.
    execution.effects++;
    return judging.finally(() => {
      execution.effects--;
      execution.changed();
    });
  };
  const { signal } = request;
  let wasAsked = recorded !== undefined;
  const withdraw = (): void => {
    if (!execution.isOpen(call) || call.receive === null) return;
    call.receive = null;
    call.ask = null;
    execution.fail(call, new CancelledError("the answer is not needed any more"), 1);
    if (wasAsked) resume(execution, call, "input");
  };
  if (signal?.aborted === true) return execution.afterBegin(withdraw);
  if (!wasAsked || execution.asksAgain) ask();
  wasAsked = true;
  listen(call, signal, withdraw);
};

/** At once, or when a schema that takes its time has said what it says. */
type Judging = undefined | Promise<"unused" | undefined>;

const ASKING_STATES: Partial<Record<OpenCall["kind"], string>> = {
  input: "input-required",
  authorization: "auth-required",
  approval: "input-required",
};

/** Nobody has to answer the call any more: the task works again, unless it asks for something else, which it then says. */
export const resume = (execution: Execution, call: OpenCall, reason: "input" | "auth"): void => {
  const asking = [...execution.open.values()].filter(({ ask }) => ask !== null);
  if (asking.length === 0)
    execution.append({ type: "task.resumed", at: execution.services.senses.clock.now(), data: { reason } });
  else if (execution.askedLast === call.path || !asking.some(({ kind }) => ASKING_STATES[kind] === execution.state))
    asking[0]?.ask?.();
};

export const startAuthorization = (
  execution: Execution,
  call: OpenCall,
  recorded: RecordedWait | undefined,
  {
    prompt,
    asked,
    signal,
  }: { readonly prompt: string; readonly asked: AuthorizationAsked; readonly signal?: AbortSignal | undefined },
): void => {
  const { clock, digest } = execution.services.senses;
  const reference = authorizationReference(digest, execution.head, execution.checkpointSeq, call.path);
  const question: AuthorizationQuestion = { ...asked, reference };
  const ask = (note?: string): void => {
    if (!execution.isOpen(call)) return;
    execution.append({
      type: "task.authRequired",
      at: clock.now(),
      data: {
        path: call.path,
        kind: "authorization",
        ...hashOf(call),
        prompt: promptOf(prompt, question, note),
        authorization: question,
      },
    });
  };
  call.durable = true;
  call.ask = ask;
  call.receive = (payload) => {
    const grant = payload as Grant;
    // Code that has returned without it does not go on.
    if (grant.reference !== reference || !execution.isOpen(call)) return;
    const { name, by, at, expiresAt, denied } = grant;
    // It lay in the mailbox of a task that was parked, or found no slot.
    if (expiresAt !== undefined && expiresAt <= clock.now()) return ask("what was granted expired before it was used");
    call.receive = null;
    call.ask = null;
    if (denied === undefined) {
      const expiry = expiresAt === undefined ? {} : { expiresAt };
      execution.complete(call, { name, grantedBy: by, grantedAt: at, ...expiry, reference } satisfies Authorization);
    } else {
      const refusal = `access to ${name} was refused by ${by}: ${denied}`;
      execution.fail(call, new PlatformError("PERMISSION_DENIED", refusal), 1);
    }
    resume(execution, call, "auth");
  };
  let wasAsked = recorded !== undefined;
  const withdraw = (): void => {
    if (!execution.isOpen(call) || call.receive === null) return;
    call.receive = null;
    call.ask = null;
    execution.fail(call, new CancelledError(`access to ${asked.name} is not needed any more`), 1);
    if (wasAsked) resume(execution, call, "auth");
  };
  if (signal?.aborted === true) return execution.afterBegin(withdraw);
  if (!wasAsked || execution.asksAgain) ask();
  wasAsked = true;
  listen(call, signal, withdraw);
};

/** All of it in words, for clients that show nothing else, and as data. */
const promptOf = (prompt: string, question: AuthorizationQuestion, note: string | undefined): Part[] => {
  const { name, scopes, url } = question;
  const lines = [
    prompt,
    `Access asked for: ${name}${scopes === undefined ? "" : ` (${scopes.join(", ")})`}`,
    ...(url === undefined ? [] : [`Give consent at ${url}`]),
    ...(note === undefined ? [] : [`(${note})`]),
  ];
  return [{ text: lines.join("\n") }, { data: { authorization: question } }];
};

/** What a message may mean as an answer, best guess first: its data, its text, its text read as JSON. */
const answersIn = (message: A2AMessage): unknown[] => {
  const data = message.parts.find((part) => part.data !== undefined);
  if (data !== undefined) return [data.data];
  const text = message.parts
    .map((part) => part.text ?? "")
    .join("\n")
    .trim();
  try {
    return [text, JSON.parse(text)];
  } catch {
    return [text];
  }
};

export type Verdict = { readonly value: unknown } | { readonly why: string };

export const validate = (schema: Schema<unknown>, value: unknown): Verdict | Promise<Verdict> => {
  const judge = (result: {
    readonly value?: unknown;
    readonly issues?: readonly SchemaIssue[] | undefined;
  }): Verdict =>
    result.issues === undefined
      ? { value: result.value }
      : { why: violationsOf(result.issues).map(describeViolation).join("; ") };
  // A schema is author code too; what it throws refuses the answer.
  const refuse = (error: unknown): Verdict => ({ why: PlatformError.from(error).message });
  try {
    const checked = schema["~standard"].validate(value);
    return checked instanceof Promise ? checked.then(judge, refuse) : judge(checked);
  } catch (error) {
    return refuse(error);
  }
};

/**
 * Sends a command and waits for its child; when the child fails in a way worth retrying, another candidate gets one. Withdrawn by its signal,
 * it waits for the end of the child all the same: what that did is there.
 */
export const startCommand = (
  execution: Execution,
  call: OpenCall,
  recorded: RecordedWait | undefined,
  {
    timeoutMs,
    signal,
    ...request
  }: Omit<ChildRequest, "attempt" | "exclude" | "deadline"> & {
    readonly timeoutMs?: number | undefined;
    readonly signal?: AbortSignal | undefined;
  },
): void => {
  const { clock } = execution.services.senses;
  // Not the time that the code has: a checkpoint sets that anew, and it stands still while the call is held.
  const start = recorded?.begunAt ?? clock.now();
  const latest = execution.ending.deadlineOf(call);
  const deadline = timeoutMs === undefined ? latest : Math.min(start + timeoutMs, latest ?? Number.POSITIVE_INFINITY);

  // Others are on their way for a moment; who can do what is needed may take a model some seconds to say.
  const search = "need" in request.target ? new AbortController() : null;

  const send = (attempt: number): void => {
    call.durable = false;
    execution.beginSending();
    const ending = search === null ? null : execution.stepSignal(call)();
    const endSearch = (): void => search?.abort(ending?.reason);
    if (ending?.aborted === true) endSearch();
    else ending?.addEventListener("abort", endSearch, { once: true });
    const exclude = attempt === 1 ? [] : call.tried;
    execution.services
      .command(execution, call, { ...request, deadline, attempt, exclude, signal: search?.signal })
      .catch((error: unknown) => {
        if (call.receive === null) return;
        const failure = PlatformError.from(error);
        // Nobody else can take it: what the last one said is the answer, not that nobody is left.
        const answer = attempt > 1 && lastError !== null && failure.code === "NO_CANDIDATE" ? lastError : failure;
        settle(() => execution.fail(call, answer, attempt));
      })
      .finally(() => {
        ending?.removeEventListener("abort", endSearch);
        execution.endSending();
      });
  };
  let lastError: PlatformError | null = null;
  let attempt = recorded?.attempt ?? 1;

  const settle = (how: () => void): void => {
    call.receive = null;
    how();
  };

  call.receive = (payload) => {
    const event = payload as { readonly type: string; readonly data: Record<string, unknown> };
    call.childTaskId = null;
    switch (event.type) {
      case "task.completed":
        return settle(() => execution.complete(call, event.data.output));
      case "task.canceled": {
        const error = canceledChild(call.path, event.data.error as SerializedError | undefined);
        return settle(() => execution.fail(call, error, attempt));
      }
      default: {
        const error = PlatformError.fromJSON(event.data.error as SerializedError);
        lastError = error;
        // The child has ended, so nobody works on this any more: a second candidate cannot double the effect of the
        // first beyond what a retry of its own steps would.
        if (signal?.aborted === true || !error.retryable || (deadline !== null && clock.now() >= deadline))
          return settle(() => execution.fail(call, error, attempt));
        // Recorded with the same unit that takes the tidings in: a crash from here on sends again and waits for nobody.
        const at = clock.now();
        const { code, message } = error;
        execution.append({
          type: "step.failed",
          at,
          data: { path: call.path, kind: "command", ...hashOf(call), attempt, error: { code, message }, retryAt: at },
        });
        attempt += 1;
        send(attempt);
      }
    }
  };

  const withdraw = (): void => {
    if (!execution.isOpen(call) || call.receive === null) return;
    // Sent again after a crash it is the same mail, which the child takes in once.
    if (call.childTaskId !== null)
      return execution.addMail(cancelMail(call.childTaskId, execution.head.taskId, "it is not needed any more"));
    const error = new CancelledError(`${call.path} is not needed any more, and nobody has it`);
    settle(() => execution.fail(call, error, attempt));
    search?.abort(error);
  };
  if (recorded?.childTaskId != null) {
    call.childTaskId = recorded.childTaskId;
    call.durable = true;
  }
  if (signal?.aborted === true) return withdraw();
  listen(call, signal, withdraw);
  if (call.childTaskId === null) send(attempt);
};

const canceledChild = (path: string, standing: SerializedError | undefined): CancelledError =>
  standing === undefined
    ? new CancelledError(`the task of ${path} was canceled`)
    : new CancelledError(`the task of ${path} was canceled, and says: ${standing.message}`, {
        details: { error: standing },
      });
