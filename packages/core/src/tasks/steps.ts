/** Runs the body of a step: tries, time limits, retries with back-off. */
import { PlatformError, type SerializedError } from "@agentcore/contract";
import type { Credential, RetryPolicy, StepContext } from "@agentcore/contract/authoring";
import { assertSerialisable } from "../payloads/serialisable.ts";
import { boundedMessage } from "../payloads/serialise-error.ts";
import type { Execution } from "./execution.ts";
import type { RecordedWait } from "./journal.ts";
import { withLiveProperties } from "./live-properties.ts";
import type { OpenCall } from "./open-call.ts";
import { assertNoSecret, withoutSecrets } from "./secrets.ts";
import { wakeAt } from "./wake-at.ts";

// Waits up to this long stay in memory: shorter than that, evicting and replaying costs more than it frees.
const RESIDENT_WAIT_MS = 5_000;

export const DEFAULT_RETRY = { maxAttempts: 4, initialDelayMs: 100, maxDelayMs: 30_000 } as const;

/** Milliseconds until the next try, or null when there is none: the error is final or the tries are used up. Pure. */
export const retryDelay = (error: unknown, attempt: number, policy: RetryPolicy, jitter: number): number | null => {
  if (attempt >= (policy.maxAttempts ?? DEFAULT_RETRY.maxAttempts)) return null;
  // An error without a code says nothing about itself; most are passing faults of what the step calls.
  if (PlatformError.is(error) && !error.retryable) return null;
  const backoff = Math.min(
    (policy.initialDelayMs ?? DEFAULT_RETRY.initialDelayMs) * 2 ** (attempt - 1),
    policy.maxDelayMs ?? DEFAULT_RETRY.maxDelayMs,
  );
  const asked = PlatformError.is(error) ? (error.retryAfterMs ?? 0) : 0;
  return Math.ceil(Math.max(asked, backoff * (1 + jitter / 4)));
};

export interface StepBody {
  readonly run: (step: StepContext) => unknown;
  /** `step.input`. */
  readonly input: unknown;
  readonly retry?: RetryPolicy | undefined;
  readonly timeoutMs?: number | undefined;
  /** Named in errors about the result. */
  readonly what: string;
  /** It waits for the log by itself before it has an effect. @default false: it begins when the task is durable */
  readonly waitsForLog?: boolean | undefined;
  /** False: no more tries after that error. @default as the error says */
  readonly mayRetry?: ((error: unknown) => boolean) | undefined;
  /** A try has failed, also by its time limit: what is recorded of it. @default the error */
  readonly explain?: ((error: unknown) => unknown) | undefined;
}

export const startStep = (
  execution: Execution,
  call: OpenCall,
  recorded: RecordedWait | undefined,
  body: StepBody,
): void => {
  const { clock } = execution.services.senses;
  const begin = (): void => tryStep(execution, call, recorded?.attempt ?? 1, body);
  if (recorded?.dueAt != null && recorded.dueAt > clock.now()) waitFor(execution, call, recorded.dueAt, begin);
  else begin();
};

const waitFor = (execution: Execution, call: OpenCall, dueAt: number, begin: () => void): void => {
  call.durable = dueAt - execution.services.senses.clock.now() > RESIDENT_WAIT_MS;
  wakeAt(execution, call, dueAt, () => {
    call.durable = false;
    begin();
  });
};

const tryStep = (execution: Execution, call: OpenCall, attempt: number, body: StepBody): void => {
  const tryNow = (): void => execution.services.whenFresh(() => void runStep(execution, call, attempt, body));
  if (call.kind === "step" || call.kind === "tool") execution.bodies.add(call);
  if (body.waitsForLog === true) tryNow();
  else execution.whenDurable(tryNow);
};

const stepOf = withLiveProperties<StepContext, "signal" | "idempotencyKey">(["signal", "idempotencyKey"]);

const runStep = async (execution: Execution, call: OpenCall, attempt: number, body: StepBody): Promise<void> => {
  if (execution.open.get(call.path) !== call) {
    execution.bodies.delete(call);
    return;
  }
  const { clock } = execution.services.senses;
  const own = body.timeoutMs === undefined ? null : new AbortController();
  const signalOf = execution.stepSignal(call);
  const outer = own === null ? null : signalOf();
  const forward = (): void => own?.abort(outer?.reason);
  if (outer?.aborted === true) forward();
  else outer?.addEventListener("abort", forward, { once: true });
  const timeout =
    own === null ? null : clock.after(body.timeoutMs ?? 0, () => own.abort(timedOut(call.path, body.timeoutMs)));
  const read: Credential[] = [];
  const step = stepOf(
    {
      attempt,
      input: body.input,
      credential: async (authorization) => {
        const credential = await execution.services.credential(execution.head, authorization);
        read.push(credential);
        return credential;
      },
    },
    {
      signal: own === null ? signalOf : () => own.signal,
      // Hashing costs as much as a small step, and most steps never look.
      idempotencyKey: () => idempotencyKey(execution, call.firstPath),
    },
  );
  execution.effects++;
  try {
    const work = body.run(step);
    // Awaiting costs a turn of the queue, which a step without anything to wait for is spared; query builders are thenables.
    const result = isThenable(work) ? await (own === null ? work : Promise.race([work, aborted(own.signal)])) : work;
    assertSerialisable(result, body.what);
    assertNoSecret(result, body.what, read);
    execution.complete(call, result);
  } catch (error) {
    failed(execution, call, attempt, body, error, read);
  } finally {
    execution.effects--;
    execution.bodies.delete(call);
    timeout?.cancel();
    outer?.removeEventListener("abort", forward);
    execution.changed();
  }
};

/** hash(tenant, task, step path): the same on every try, also after a crash (I4). */
export const idempotencyKey = (execution: Execution, path: string): string =>
  execution.services.senses.digest.sha256(
    JSON.stringify([execution.head.tenantId, execution.head.taskId, execution.checkpointSeq, path]),
  );

const failed = (
  execution: Execution,
  call: OpenCall,
  attempt: number,
  body: StepBody,
  error: unknown,
  read: readonly Credential[],
): void => {
  if (execution.open.get(call.path) !== call || execution.phase !== "live") return;
  const isLast = execution.isOver(call) || body.mayRetry?.(error) === false;
  const delay = isLast ? null : retryDelay(error, attempt, body.retry ?? {}, jitterOf(execution.head.taskId, attempt));
  const told = body.explain === undefined ? error : body.explain(error);
  const platformError = withoutSecrets(PlatformError.from(told, "AGENT_FAILED"), read);
  if (delay === null) return execution.fail(call, platformError, attempt);
  const { clock } = execution.services.senses;
  const at = clock.now();
  const { path, kind, inputHash } = call;
  const json: SerializedError = { code: platformError.code, message: boundedMessage(platformError.message) };
  execution.append({
    type: "step.failed",
    at,
    data: { path, kind, ...(inputHash === undefined ? {} : { inputHash }), attempt, error: json, retryAt: at + delay },
  });
  waitFor(execution, call, at + delay, () => tryStep(execution, call, attempt + 1, body));
};

const timedOut = (path: string, timeoutMs: number | undefined): PlatformError =>
  new PlatformError("DEADLINE_EXCEEDED", `${path} took longer than ${timeoutMs} ms`, { retryable: true });

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });

/** 0 ≤ x < 1, spread over tasks so that a burst of failures does not come back as a burst of tries. */
const jitterOf = (taskId: string, attempt: number): number => {
  let hash = 2_166_136_261 ^ attempt; // FNV-1a
  for (let index = 0; index < taskId.length; index++) hash = Math.imul(hash ^ taskId.charCodeAt(index), 16_777_619);
  return (hash >>> 0) / 2 ** 32;
};

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
