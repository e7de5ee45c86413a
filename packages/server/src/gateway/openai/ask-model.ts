/** Models behind a door: their calls belong to no task, so what fails is asked again here, in memory, by the policy of steps. */
import { setTimeout as delay } from "node:timers/promises";
import { PlatformError } from "@agentcore/contract";
import { spendingIn } from "@agentcore/core/governance";
import type { ModelAnswer, ModelCall } from "@agentcore/core/ports";
import { type CallerScope, retryDelay } from "@agentcore/core/tasks";
import type { Embeddings, ModelGateway } from "@agentcore/models";
import type { Answer, Question } from "./question.ts";

// What OpenAI's clients wait for by themselves.
const DEADLINE_MS = 600_000;
// Longer than this it is the client who waits, told by Retry-After.
const MAX_WAIT_MS = 30_000;

export interface ModelDoorCall {
  readonly scope: CallerScope;
  /** Aborts when the client goes away and when the node stops. */
  readonly signal: AbortSignal;
  readonly traceparent?: string | undefined;
}

export interface ModelDoor {
  /**
   * Throws what the gateway does, DEADLINE_EXCEEDED after ten minutes, UPSTREAM_FAILED when an answer begins anew of which a part was told
   * already, and whatever `onText` throws.
   */
  ask(question: Question, call: ModelDoorCall, onText?: (text: string) => void): Promise<Answer>;
  embed(model: string, texts: readonly string[], call: ModelDoorCall): Promise<Embeddings>;
}

export const createModelDoor = (models: ModelGateway | undefined): ModelDoor => {
  const gateway = (name: string): ModelGateway => {
    if (models !== undefined) return models;
    throw new PlatformError("MODEL_NOT_CONFIGURED", `this node has no models, so none named "${name}"`);
  };
  return {
    async ask({ request, priority }, call, onText) {
      const stream = onText === undefined ? undefined : new ToldOnce(onText);
      // The same on every try.
      const made = { ...modelCall(call), priority };
      const { response, decision } = await patiently(call.signal, stream, async (signal) => {
        const asked = { ...made, signal };
        const answer = await gateway(request.model).generate(
          request,
          stream === undefined ? asked : { ...asked, onText: (text, begin) => stream.tell(text, begin) },
        );
        stream?.assertWhole();
        return answer;
      }).catch(toldTo(call.scope));
      stream?.tellRest(response.text);
      return toAnswer(request.model, response, decision);
    },
    embed(model, texts, call) {
      const made = modelCall(call);
      return patiently(call.signal, undefined, (signal) =>
        gateway(model).embed({ model, texts }, { ...made, signal }),
      ).catch(toldTo(call.scope));
    },
  };
};

/** Who may read budgets is told the sums as well. */
const toldTo =
  ({ operator }: CallerScope) =>
  (error: unknown): never => {
    const sums = operator === true && PlatformError.is(error) ? spendingIn(error) : null;
    if (sums === null) throw error;
    const told = PlatformError.from(error);
    throw PlatformError.fromJSON({ ...told.toJSON(), message: `${told.message} (${sums})` });
  };

/** Text that went out cannot be taken back: what begins anew then ends the call. */
class ToldOnce {
  readonly controller = new AbortController();
  isTold = false;
  private readonly onText: (text: string) => void;
  /** What made it end. */
  failure: PlatformError | undefined;

  constructor(onText: (text: string) => void) {
    this.onText = onText;
  }

  tell(text: string, begin: boolean): void {
    if (this.failure !== undefined || text === "") return;
    try {
      if (begin && this.isTold)
        throw new PlatformError(
          "UPSTREAM_FAILED",
          "the model broke off an answer that had begun, and what was told cannot be taken back: ask again",
          { retryable: false },
        );
      this.onText(text);
      this.isTold = true;
    } catch (error) {
      this.failure = PlatformError.from(error);
      this.controller.abort(this.failure);
    }
  }

  /** Throws what made it end. */
  assertWhole(): void {
    if (this.failure !== undefined) throw this.failure;
  }

  /** An answer that was kept, or does not stream, comes as a whole. */
  tellRest(text: string): void {
    if (!this.isTold) this.tell(text, false);
    this.assertWhole();
  }
}

const modelCall = ({ scope, traceparent }: ModelDoorCall): Omit<ModelCall, "signal"> => ({
  ...{ tenantId: scope.tenantId, caller: scope.caller, id: `door:${crypto.randomUUID()}` },
  ...{ agent: "", labels: {}, priority: "normal" },
  ...(traceparent === undefined ? {} : { traceparent }),
});

const toAnswer = (
  name: string,
  { text, toolCalls, finishReason, usage, model = name, costUsd, cache }: ModelAnswer["response"],
  decision: ModelAnswer["decision"],
): Answer => ({
  ...{ text, toolCalls, finishReason, usage, model },
  agentcore: {
    ...(costUsd === undefined ? {} : { costUsd }),
    ...(cache === undefined ? {} : { cache }),
    ...(decision === undefined ? {} : { decision }),
  },
});

/** A call whose `stream` has told something is not asked again; it may abort for a reason of its own, which is what is thrown then. */
const patiently = async <T>(
  client: AbortSignal,
  stream: ToldOnce | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> => {
  const controller = stream?.controller ?? new AbortController();
  // One for all that may end it: cheaper than `AbortSignal.any` for each call.
  const { signal } = controller;
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    controller.abort();
  }, DEADLINE_MS);
  const leave = (): void => controller.abort();
  if (client.aborted) leave();
  else client.addEventListener("abort", leave, { once: true });
  try {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await work(signal);
      } catch (error) {
        if (stream?.failure !== undefined) throw stream.failure;
        if (client.aborted) throw gone();
        if (isLate)
          throw new PlatformError("DEADLINE_EXCEEDED", `the model did not answer within ${DEADLINE_MS / 1000} s`);
        const waitMs = retryDelay(error, attempt, {}, Math.random());
        if (waitMs === null || waitMs > MAX_WAIT_MS || stream?.isTold === true) throw error;
        // Cut short, it is asked once more, which tells why.
        await delay(waitMs, undefined, { signal }).catch(() => undefined);
        if (client.aborted) throw gone();
      }
    }
  } finally {
    clearTimeout(timer);
    client.removeEventListener("abort", leave);
  }
};

/** For a client that is still there when the node stops. */
const gone = (): PlatformError =>
  new PlatformError("UNAVAILABLE", "the call was broken off: its client has gone, or the node stops", {
    retryAfterMs: 1000,
  });
