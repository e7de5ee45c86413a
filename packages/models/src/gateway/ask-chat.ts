/** Text of a model: one call, and what it came to. */
import type { ModelRequest, ModelResponse, Reasoned } from "@agentcore/contract/authoring";
import type { ModelCall, Settlement } from "@agentcore/core/ports";
import { boundOf } from "../call/bound-of.ts";
import { countBytes } from "../call/count-bytes.ts";
import type { TargetCaller } from "../call/create-target-caller.ts";
import type { RequestFacts } from "../choice/model-conditions.ts";
import type { ModelObserver } from "../model-observer.ts";
import type { ModelTarget } from "../model-target.ts";
import { factsOf } from "../prices/price-of.ts";
import type { PriceTable } from "../prices/price-table.ts";
import { type AnswerParts, type Asking, answerCall, factsOfCall, type NamedSpec, placeOf } from "./answer-call.ts";
import type { Performed, TokenBound } from "./ask-in-turn.ts";
import type { MoneyPlace } from "./budget-lines.ts";
import { observeTarget } from "./observe-target.ts";

export interface AskParts extends AnswerParts {
  readonly caller: TargetCaller;
  /** What stands in its place for calls of a tenant, as what records them. @default the caller itself */
  readonly wrapCall?: ((caller: TargetCaller, tenantId: string) => TargetCaller) | undefined;
  /** Hears of each target that is asked, and of answers of the cache. @default nobody does */
  readonly observer?: ModelObserver | undefined;
}

export interface ChatAnswer {
  readonly response: ModelResponse;
  readonly decision?: Reasoned | undefined;
  readonly settlement: Settlement;
  /** False: another model than the one that was named has answered. */
  readonly mayKeep?: boolean | undefined;
}

export const askChat = async (
  parts: AskParts,
  named: NamedSpec,
  request: ModelRequest,
  call: ModelCall,
): Promise<ChatAnswer> => {
  const { result, costUsd, decision, settlement, isInstead, target } = await answerCall(
    parts,
    named,
    new Chat(parts, request, call),
  );
  return {
    response: costUsd === undefined ? result : { ...result, costUsd },
    ...{ decision, settlement, mayKeep: !isInstead && !isFallback(named, target) },
  };
};

// As usage that is not reported is estimated.
export const BYTES_A_TOKEN = 3;
const DEFAULT_MAX_OUTPUT_TOKENS = 4096;

class Chat implements Asking<ModelResponse> {
  readonly call: ModelCall;
  readonly place: MoneyPlace;
  readonly facts: RequestFacts;
  readonly #parts: AskParts;
  readonly #request: ModelRequest;
  readonly #inputTokens: number;
  readonly #sentBytes: number;
  #hasTold = false;

  constructor(parts: AskParts, request: ModelRequest, call: ModelCall) {
    const bytes = countBytes(request);
    this.call = call;
    this.place = placeOf(parts, call);
    this.facts = factsOfChat(request, bytes, call);
    this.#parts = parts;
    this.#request = request;
    this.#inputTokens = boundOf(request, bytes);
    this.#sentBytes = bytes;
  }

  boundOf(target: ModelTarget): TokenBound {
    return {
      inputTokens: this.#inputTokens,
      outputTokens: mostOutputOf(target, this.#request, this.#parts.prices),
    };
  }

  /** A task's artifact begins anew; what a door has sent on stays sent. */
  mayGoOn(): boolean {
    return !this.#hasTold || this.call.task !== undefined;
  }

  perform(target: ModelTarget, mostOutput: number | undefined): Promise<Performed<ModelResponse>> {
    const { call } = this;
    const request = mostOutput === undefined ? this.#request : { ...this.#request, maxOutputTokens: mostOutput };
    if (this.#parts.observer === undefined) return this.#ask(target, request);
    const observed = { target, call, request, isStreamed: call.onText !== undefined };
    const ask = () => this.#ask(target, request);
    return observeTarget(this.#parts, { operation: "chat", ...observed }, ask, (response) => response);
  }

  async #ask(target: ModelTarget, request: ModelRequest): Promise<Performed<ModelResponse>> {
    const { tenantId, signal, onText } = this.call;
    const { response, firstTokenMs, durationMs, ignored } = await callerFor(this.#parts, tenantId).call(
      target,
      request,
      {
        signal,
        onText: onText && this.#telling(onText),
        sentBytes: this.#sentBytes,
      },
    );
    return { result: response, usage: response.usage, firstTokenMs, durationMs, ignored };
  }

  /** Of one target: what it says first begins anew. */
  #telling(onText: NonNullable<ModelCall["onText"]>): (text: string) => void {
    let isBegun = false;
    return (text) => {
      this.#hasTold = true;
      onText(text, !isBegun);
      isBegun = true;
    };
  }
}

export const callerFor = ({ caller, wrapCall }: AskParts, tenantId: string): TargetCaller =>
  wrapCall === undefined ? caller : wrapCall(caller, tenantId);

const factsOfChat = (request: ModelRequest, bytes: number, call: ModelCall): RequestFacts => {
  const { maxOutputTokens, tools, output } = request;
  const facts = {
    ...factsOfCall(call),
    inputTokens: Math.ceil(bytes / BYTES_A_TOKEN),
    tools: tools?.length ?? 0,
    json: output !== undefined,
  };
  return maxOutputTokens === undefined ? facts : { ...facts, maxOutputTokens };
};

const mostOutputOf = (target: ModelTarget, { maxOutputTokens }: ModelRequest, prices: PriceTable): number => {
  const known = target.maxOutputTokens ?? factsOf(target, prices)?.maxOutputTokens;
  if (maxOutputTokens !== undefined) return Math.min(maxOutputTokens, known ?? maxOutputTokens);
  return known ?? DEFAULT_MAX_OUTPUT_TOKENS;
};

/** It answered since the model that was named did not: an answer for this once. */
const isFallback = ({ name, spec }: NamedSpec, target: ModelTarget): boolean => {
  if (spec === null) return false;
  if (spec.candidates === undefined) return target.name !== name;
  return spec.fallback?.includes(target.name) === true && !spec.candidates.some(({ model }) => model === target.name);
};
