/** Errors as OpenAI's API writes them, which its clients turn into their own. */
import type { ErrorCode, PlatformError } from "@agentcore/contract";
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
}

/** Where clients know a word, and look for it. */
const WORDS: { readonly [Code in ErrorCode]?: Words } = {
  UNAUTHENTICATED: { code: "invalid_api_key" },
  MODEL_NOT_CONFIGURED: { status: 404, code: "model_not_found" },
  AGENT_NOT_FOUND: { code: "model_not_found" },
  OVERLOADED: { code: "rate_limit_exceeded" },
  // OpenAI answers so when an account has nothing left.
  BUDGET_EXCEEDED: { status: 429, type: "insufficient_quota", code: "insufficient_quota" },
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

const statusOf = (error: PlatformError): number => WORDS[error.code]?.status ?? error.status;

export const toOpenAiError = (error: PlatformError): OpenAiError => {
  const { code, message, violations, details } = error;
  const words = WORDS[code];
  const status = statusOf(error);
  const taskId = details?.taskId;
  return {
    message,
    type: words?.type ?? TYPES[status] ?? (status < 500 ? "invalid_request_error" : "server_error"),
    param: violations?.[0]?.field ?? null,
    code: words?.code ?? code.toLowerCase(),
    agentcore: { code, ...(typeof taskId === "string" ? { taskId } : {}) },
  };
};

export const openAiErrorResponse = (error: PlatformError): Response => {
  const body = toOpenAiError(error);
  const { taskId } = body.agentcore;
  return jsonResponse({ error: body }, statusOf(error), {
    ...errorHeaders(error),
    // Its clients ask again by themselves, and the door has done so already: only where it is known when that may help.
    "x-should-retry": String(error.retryable && error.retryAfterMs !== undefined),
    ...(taskId === undefined ? {} : { [TASK_HEADER]: taskId }),
  });
};
