import { ERROR_CODES, type ErrorCode, PlatformError, type SerializedError } from "@agentcore/contract/errors";

/** For answers that are not ours, such as a proxy's. */
const codeOfStatus = (status: number): ErrorCode => {
  switch (status) {
    case 400:
      return "INVALID_REQUEST";
    case 401:
      return "UNAUTHENTICATED";
    case 403:
      return "PERMISSION_DENIED";
    case 404:
      return "NOT_FOUND";
    case 409:
      return "CONFLICT";
    case 413:
      return "TOO_LARGE";
    case 429:
      return "OVERLOADED";
    case 502:
    case 503:
    case 504:
      return "UNAVAILABLE";
    default:
      return "INTERNAL";
  }
};

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/** The error in `{ error: { code, message, … } }`, or undefined when the value has none. At doors in OpenAI's words our own code stands beside theirs. */
export const errorIn = (body: unknown): PlatformError | undefined => {
  const error = isRecord(body) ? body["error"] : undefined;
  if (!isRecord(error) || typeof error["code"] !== "string" || typeof error["message"] !== "string") return undefined;
  const agentcore = error["agentcore"];
  const ours = isRecord(agentcore) && typeof agentcore["code"] === "string" ? agentcore["code"] : error["code"];
  // A code of a newer server is not in our table: fromJSON makes it INTERNAL, so its name goes into the message.
  const message = Object.hasOwn(ERROR_CODES, ours) ? error["message"] : `${ours}: ${error["message"]}`;
  return PlatformError.fromJSON({ ...error, code: ours, message } as SerializedError);
};

export const errorOfResponse = async (response: Response, what: string): Promise<PlatformError> => {
  const text = await response.text().catch(() => "");
  const ours = errorIn(parseJson(text));
  if (ours !== undefined) return ours;
  const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
  return new PlatformError(
    codeOfStatus(response.status),
    `${what} answered ${response.status}: ${text.slice(0, 200) || response.statusText}`,
    Number.isFinite(seconds) ? { retryAfterMs: Math.max(0, seconds * 1000) } : {},
  );
};

export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
