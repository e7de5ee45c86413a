import { ScreeningAnswer, type ScreeningRequest } from "./screening.ts";

/** Where the service listens unless the manifest says otherwise. */
export const defaultScreeningUrl = "http://127.0.0.1:4790";

export type ScreeningFailureKind = "unreachable" | "timeout" | "server-error" | "rejected" | "bad-answer";

/** Why the service gave no answer. Retryable: unreachable, too slow, 5xx or 429. Final: any other 4xx, or an answer that is
 *  not what the service promises; asking the same again would bring the same. */
export class ScreeningFailure extends Error {
  override readonly name = "ScreeningFailure";
  readonly kind: ScreeningFailureKind;
  readonly retryable: boolean;
  readonly status: number | undefined;

  constructor(kind: ScreeningFailureKind, message: string, options: { status?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.kind = kind;
    this.status = options.status;
    this.retryable = kind === "unreachable" || kind === "timeout" || kind === "server-error";
  }
}

export interface ScreeningOptions {
  /** Where the service listens, e.g. `http://127.0.0.1:4750`. */
  readonly url: string;
  /** @default 2000 */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** Asks once; retrying belongs to the caller. Throws ScreeningFailure, or the reason of `signal` when the caller gave up. */
export async function screen(
  request: ScreeningRequest,
  { url, timeoutMs = 2000, signal }: ScreeningOptions,
): Promise<ScreeningAnswer> {
  const timeout = AbortSignal.timeout(timeoutMs);
  let response: Response;
  let body: string;
  try {
    response = await fetch(new URL("/screen", url), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(request),
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    // The body counts towards the timeout too: a service may hang after its headers.
    body = await response.text();
  } catch (cause) {
    signal?.throwIfAborted();
    if (timeout.aborted)
      throw new ScreeningFailure("timeout", `The screening service at ${url} did not answer within ${timeoutMs} ms`, {
        cause,
      });
    throw new ScreeningFailure("unreachable", `The screening service at ${url} cannot be reached`, { cause });
  }
  const { status } = response;
  if (status >= 500 || status === 429)
    throw new ScreeningFailure("server-error", `The screening service answered ${status}`, { status });
  if (!response.ok)
    throw new ScreeningFailure(
      "rejected",
      `The screening service refused the question with ${status}: ${body.slice(0, 200)}`,
      { status },
    );
  const answer = ScreeningAnswer.safeParse(parseJson(body));
  if (!answer.success)
    throw new ScreeningFailure("bad-answer", "The screening service gave an answer that is not one", {
      status,
      cause: answer.error,
    });
  return answer.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
