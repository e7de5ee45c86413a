/** Vectors of texts: one call, settled when it is answered. */
import type { ModelCall } from "@agentcore/core/ports";
import type { RequestFacts } from "../choice/model-conditions.ts";
import type { Embeddings, EmbedRequest } from "../model-gateway.ts";
import type { ModelTarget } from "../model-target.ts";
import { type Asking, answerCall, factsOfCall, placeOf } from "./answer-call.ts";
import { type AskParts, BYTES_A_TOKEN, callerFor } from "./ask-chat.ts";
import { type Performed, settleAnswered, type TokenBound } from "./ask-in-turn.ts";
import type { MoneyPlace } from "./budget-lines.ts";
import { observeTarget } from "./observe-target.ts";

type Vectors = Embeddings["vectors"];

export const askVectors = async (
  parts: AskParts,
  { model, texts }: EmbedRequest,
  call: ModelCall,
): Promise<Embeddings> => {
  const named = { name: model, spec: await parts.lookup(call.tenantId, model) };
  const answered = await answerCall(parts, named, new VectorsOf(parts, texts, call));
  await settleAnswered(parts, call, model, answered.settlement);
  const { result: vectors, usage, costUsd, target } = answered;
  return { vectors, usage, costUsd, model: `${target.provider}/${target.model}` };
};

// What a provider puts around each text.
const PER_TEXT = 16;

class VectorsOf implements Asking<Vectors> {
  readonly call: ModelCall;
  readonly place: MoneyPlace;
  readonly facts: RequestFacts;
  readonly #parts: AskParts;
  readonly #texts: readonly string[];
  readonly #inputTokens: number;

  constructor(parts: AskParts, texts: readonly string[], call: ModelCall) {
    this.call = call;
    this.place = placeOf(parts, call);
    this.#parts = parts;
    this.#texts = texts;
    this.#inputTokens = texts.reduce((bytes, text) => bytes + Buffer.byteLength(text) + PER_TEXT, 0);
    const inputTokens = Math.ceil(this.#inputTokens / BYTES_A_TOKEN);
    this.facts = { ...factsOfCall(call), inputTokens, tools: 0, json: false };
  }

  boundOf(): TokenBound {
    return { inputTokens: this.#inputTokens, outputTokens: 0 };
  }

  mayGoOn(): boolean {
    return true;
  }

  perform(target: ModelTarget): Promise<Performed<Vectors>> {
    const observed = { operation: "embeddings", target, call: this.call, isStreamed: false } as const;
    const ask = () => this.#ask(target);
    return observeTarget(this.#parts, observed, ask, () => undefined);
  }

  async #ask(target: ModelTarget): Promise<Performed<Vectors>> {
    const { tenantId, signal } = this.call;
    const { vectors, usage, durationMs } = await callerFor(this.#parts, tenantId).embed(target, this.#texts, {
      signal,
      tenantId,
    });
    return { result: vectors, usage, durationMs };
  }
}
