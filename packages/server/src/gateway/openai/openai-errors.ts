/** Errors as OpenAI's API writes them, which its clients turn into their own. */
import { type ErrorCode, PlatformError } from "@agentcore/contract";
import { errorHeaders } from "../http/error-headers.ts";
import { jsonResponse } from "../http/responses.ts";

/** Carries the id of the task that an agent answered by, or fails to. */
export const TASK_HEADER = "agentcore-task-id";

interface Words {
  /** @default the platform's own */
  readonly status?: number;
  /** @default by status */
  readonly type?: string;
  /** @default the platform's own in small letters */
  readonly code?: string;
  /** @default the place in the body, where one is refused */
  readonly param?: string;
  /** In Retry-After where nobody knows better. @default none */
  readonly retryAfterMs?: number;
}

/** The model is there, and as it is set up here it cannot be asked: nothing that time would mend, but another model may do. */
const UNUSABLE: Words = { status: 400, param: "model" };

/** Where clients know a word, and look for it. */
const WORDS: { readonly [Code in ErrorCode]?: Words } = {
  UNAUTHENTICATED: { code: "invalid_api_key" },
  MODEL_NOT_CONFIGURED: { status: 404, code: "model_not_found" },
  AGENT_NOT_FOUND: { code: "model_not_found" },
  OVERLOADED: { code: "rate_limit_exceeded" },
  CONFIG_INVALID: UNUSABLE,
  NOT_INSTALLED: UNUSABLE,
  RECORDING_MISSING: { status: 400 },
  // OpenAI answers so when an account has nothing left.
  BUDGET_EXCEEDED: { status: 429, type: "insufficient_quota", code: "insufficient_quota" },
};

/** A provider that was asked too much, when no other has answered. Limits are mostly of a minute, and the door has asked again by itself. */
const RATE_LIMITED: Words = { status: 429, code: "rate_limit_exceeded", retryAfterMs: 10_000 };
/** 413 is of requests. */
const ANSWER_TOO_LARGE: Words = { status: 502, code: "answer_too_large" };

const wordsOf = ({ code, details }: PlatformError): Words => {
  if (code === "UPSTREAM_FAILED" && details?.status === 429) return RATE_LIMITED;
  if (code === "TOO_LARGE" && details?.of === "answer") return ANSWER_TOO_LARGE;
  return WORDS[code] ?? {};
};

const TYPES: Readonly<Record<number, string>> = {
  401: "authentication_error",
  403: "permission_error",
  429: "rate_limit_error",
};

export interface OpenAiError {
  readonly message: string;
  readonly type: string;
  readonly param: string | null;
  readonly code: string;
  /** The platform's own code, and the task that it is of. */
  readonly agentcore: { readonly code: ErrorCode; readonly taskId?: string };
}

const statusOf = (error: PlatformError): number => wordsOf(error).status ?? error.status;

export const toOpenAiError = (error: PlatformError): OpenAiError => {
  const { code, message, violations, details } = error;
  const words = wordsOf(error);
  const status = statusOf(error);
  const taskId = details?.taskId;
  return {
    message,
    type: words.type ?? TYPES[status] ?? (status < 500 ? "invalid_request_error" : "server_error"),
    // Of the body as a whole there is no place to name.
    param: violations?.[0]?.field || (words.param ?? null),
    code: words.code ?? code.toLowerCase(),
    agentcore: { code, ...(typeof taskId === "string" ? { taskId } : {}) },
  };
};

export const openAiErrorResponse = (thrown: PlatformError): Response => {
  const body = toOpenAiError(thrown);
  const { retryAfterMs } = wordsOf(thrown);
  const error =
    retryAfterMs === undefined || thrown.retryAfterMs !== undefined
      ? thrown
      : PlatformError.fromJSON({ ...thrown.toJSON(), retryAfterMs });
  const { taskId } = body.agentcore;
  return jsonResponse({ error: body }, statusOf(error), {
    ...errorHeaders(error),
    // Its clients ask again by themselves, and the door has done so already: only where it is known when that may help.
    "x-should-retry": String(error.retryable && error.retryAfterMs !== undefined),
    ...(taskId === undefined ? {} : { [TASK_HEADER]: taskId }),
  });
};
