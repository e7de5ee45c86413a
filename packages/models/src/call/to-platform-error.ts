/** What a provider's refusal means to a step: try again, when, or not at all. */
import { CancelledError, PlatformError } from "@agentcore/contract/errors";
import { formatSeconds } from "../format-seconds.ts";
import { AnswerFailure } from "./answer-failure.ts";
import type { Deadlines } from "./deadlines.ts";

export interface FailedCall {
  readonly modelName: string;
  readonly host: string;
  /** For example `AGENTCORE_MODEL_KEY`. */
  readonly apiKeyEnv?: string | undefined;
  /** Never to appear in a message. */
  readonly secrets: readonly string[];
}

/** The parts of the AI SDK's APICallError that matter here; other errors have none of them. */
interface CallFailure {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** `call`: the call itself failed; `answer`: one had begun; `unreadable`: it is no answer; else we asked what cannot be asked. */
  readonly of: "call" | "answer" | "unreadable" | "request";
}

/** A provider's status when it was asked too much; `details.status` of errors has it. */
export const TOO_MANY_REQUESTS = 429;

// What the AI SDK throws for an answer that is not as its provider says, without a status.
const UNREADABLE = new Set([
  "AI_JSONParseError",
  "AI_TypeValidationError",
  "AI_InvalidResponseDataError",
  "AI_EmptyResponseBodyError",
  "AI_NoContentGeneratedError",
]);
const UNASKABLE = new Set([
  "AI_UnsupportedFunctionalityError",
  "AI_InvalidPromptError",
  "AI_InvalidArgumentError",
  "AI_NoSuchModelError",
  "AI_TooManyEmbeddingValuesForCallError",
]);

const readFailure = (error: unknown): CallFailure => {
  if (!(error instanceof Error)) return { status: undefined, headers: {}, of: "request" };
  const { statusCode: status, responseHeaders: headers = {} } = error as Error & {
    statusCode?: number | undefined;
    responseHeaders?: Record<string, string>;
  };
  if (error instanceof AnswerFailure) return { status, headers, of: "answer" };
  if (UNREADABLE.has(error.name)) return { status, headers, of: "unreadable" };
  const network = error instanceof TypeError; // how fetch reports refused, reset and cut-off connections
  return { status, headers, of: network || error.name === "AI_APICallError" ? "call" : "request" };
};

/** Whether the provider said no before it answered anything, so that it bills nothing. */
export const isRefusal = (error: unknown): boolean => {
  const { status = 0, of } = readFailure(error);
  return of === "call" && status >= 300;
};

/** UTF-8 bytes of an answer in one piece that could not be read; of one that was too long those that were taken. */
export const unreadBytes = (error: unknown): number => {
  const taken = ownErrorIn(error)?.details?.["bytes"];
  if (typeof taken === "number") return taken;
  const { responseBody } = (error instanceof Error ? error : {}) as { readonly responseBody?: unknown };
  return typeof responseBody === "string" ? Buffer.byteLength(responseBody) : 0;
};

/**
 * A caller's abort comes back as its own reason when that is a PlatformError, else as CANCELED. It is always another error, since what is noted of it
 * is of one call, and a reason may end many.
 */
export const toAbortError = (signal: AbortSignal): PlatformError =>
  PlatformError.is(signal.reason)
    ? PlatformError.fromJSON(signal.reason.toJSON())
    : new CancelledError("the model call was aborted", { cause: signal.reason });

export const toTimeoutError = (
  { modelName, host }: FailedCall,
  { timeoutMs, isFirstToken }: NonNullable<Deadlines["expired"]>,
): PlatformError =>
  new PlatformError(
    "UPSTREAM_FAILED",
    `model "${modelName}" at ${host} did not ${isFirstToken ? "begin to answer" : "answer"} within ${formatSeconds(timeoutMs)}`,
    { retryable: true, details: { model: modelName, timeoutMs } },
  );

// The SDK wraps what reading a body throws, once or twice.
const MAX_CAUSES = 5;

/** What our own fetch refused, however deep it lies. */
const ownErrorIn = (error: unknown): PlatformError | undefined => {
  let inner = error;
  for (let depth = 0; depth < MAX_CAUSES && inner instanceof Error; depth++) {
    if (PlatformError.is(inner)) return inner;
    inner = inner.cause;
  }
  return undefined;
};

export const toPlatformError = (error: unknown, call: FailedCall): PlatformError => {
  const where = `model "${call.modelName}" at ${call.host}`;
  const own = ownErrorIn(error);
  if (own?.code === "TOO_LARGE")
    return new PlatformError(
      "TOO_LARGE",
      `${where} gave too long an answer: ${own.message}; ask for less with maxOutputTokens`,
      {
        details: { model: call.modelName, of: "answer" },
        cause: own,
      },
    );
  if (own !== undefined) return own;
  const { status, headers, of } = readFailure(error);
  const said = redact(error instanceof Error ? error.message : String(error), call.secrets);
  // Not the SDK's error itself: it carries the whole prompt and the raw answer into whatever logs it.
  const cause = new Error(of === "unreadable" ? "the answer cannot be read" : said);
  const details = { model: call.modelName, ...(status === undefined ? {} : { status }) };
  if (error instanceof Error && UNASKABLE.has(error.name))
    return new PlatformError("INVALID_ARGUMENT", `${where} cannot be asked this: ${said}`, { details, cause });
  const retryAfterMs = readRetryAfter(headers);
  return new PlatformError("UPSTREAM_FAILED", `${where} ${explain(status, of, said, call)}`, {
    retryable: of !== "request" && isTransient(status),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    details,
    cause,
  });
};

/** 2xx is here as an answer that could not be read, most often one that was cut off. */
const isTransient = (status: number | undefined): boolean =>
  status === undefined ||
  (status >= 200 && status < 300) ||
  status === 408 ||
  status === 409 ||
  status === TOO_MANY_REQUESTS ||
  status >= 500;

const explain = (
  status: number | undefined,
  of: CallFailure["of"],
  said: string,
  { apiKeyEnv }: FailedCall,
): string => {
  // Without its words: they hold the answer.
  if (of === "unreadable") return "gave an answer that cannot be read";
  const words = said === "" ? "" : `: ${said}`;
  if (status === undefined) return of === "answer" ? `failed as it answered${words}` : `could not be called${words}`;
  // The provider's own words are left out: some repeat parts of the key.
  if (status === 401 || status === 403) {
    return `refused the credential (${status}): ${apiKeyEnv === undefined ? "none was sent, set apiKeyEnv or AGENTCORE_MODEL_KEY" : `check ${apiKeyEnv}`}`;
  }
  if (status === 400 || status === 422) return `refused the request (${status})${words}`;
  if (status === 404) return `does not know the model or the path (404)${words}`;
  if (status >= 300 && status < 400) return `redirects (${status}); set baseUrl to where it leads`;
  if (status < 300) return `gave an answer that cannot be read${words}`;
  // Whoever reads it has a key and limits of its own here, which are not meant.
  if (status === TOO_MANY_REQUESTS) return `takes no more calls of this node for now (429)${words}`;
  return `failed (${status})${words}`;
};

const redact = (text: string, secrets: readonly string[]): string =>
  secrets.reduce((clean, secret) => (secret === "" ? clean : clean.replaceAll(secret, "***")), text).slice(0, 500);

/** Milliseconds, from `retry-after-ms`, or `Retry-After` in seconds or as a date (RFC 9110, 10.2.3). */
const readRetryAfter = (headers: Readonly<Record<string, string>>): number | undefined => {
  const precise = Number(headers["retry-after-ms"] ?? Number.NaN);
  if (Number.isFinite(precise)) return Math.max(0, precise);
  const text = headers["retry-after"];
  if (text === undefined) return undefined;
  const seconds = Number(text);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(text) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, Math.round(ms)) : undefined;
};
