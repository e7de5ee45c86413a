/** What is kept of an answer, which answers are, and how one that was kept is handed out. */
import type { ModelRequest, ModelResponse } from "@agentcore/contract/authoring";

export type CacheLevel = NonNullable<ModelResponse["cache"]>;
export const CACHE_LEVELS = ["memory", "shared", "content", "semantic"] as const satisfies readonly CacheLevel[];

export interface KeptAnswer {
  /** Looked at again when it is read, although its key and the store's scope hold it: nothing crosses (I7). */
  readonly tenantId: string;
  /** As the model gave it. */
  readonly response: ModelResponse;
  /** Of plain questions. */
  readonly question: { readonly text: string; readonly partition: string } | null;
  /** Under which set of counts it was taken for the answer to another question; null when it was asked itself. */
  readonly matchedBy: string | null;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** JSON of an answer with all that is kept beside it; below the 1 MiB that a value may have at rest. */
export const MAX_ENTRY_BYTES = 256 * 1024;

/**
 * Whether an answer may be given again. Not kept: one that calls tools, since that decides to act on what the world was like, and repeats the ids of its
 * calls; one that was cut short (`length`), filtered, or ended for an unknown reason, since the next may be whole; an empty one; and
 * text that was to be JSON and is none, since whoever asks again wants another.
 */
export const isKeepable = (request: ModelRequest, { text, toolCalls, finishReason }: ModelResponse): boolean =>
  finishReason === "stop" &&
  toolCalls.length === 0 &&
  text.trim() !== "" &&
  (request.output === undefined || isJson(text));

/** False where the answer is likely to call tools: to wait for one that is not kept would cost time and save nothing. */
export const isCollapsible = ({ tools = [], toolChoice }: ModelRequest): boolean =>
  tools.length === 0 || toolChoice === "none";

/** The answer, marked with where it comes from; it costs nothing now. */
export const asKept = (response: ModelResponse, cache: CacheLevel): ModelResponse => ({
  ...response,
  cache,
  costUsd: 0,
});

/** A stored value, or null when it is not one of ours or of this tenant. */
export const readKeptAnswer = (value: unknown, tenantId: string): KeptAnswer | null => {
  const entry = value as Partial<KeptAnswer> | null;
  if (typeof entry !== "object" || entry === null || entry.tenantId !== tenantId) return null;
  const { response, expiresAt, question, matchedBy } = entry;
  if (typeof response?.text !== "string" || typeof response.finishReason !== "string") return null;
  if (!Array.isArray(response.toolCalls) || typeof response.usage?.inputTokens !== "number") return null;
  if (typeof expiresAt !== "number" || question === undefined || matchedBy === undefined) return null;
  return { tenantId, response, question, matchedBy, expiresAt };
};

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};
