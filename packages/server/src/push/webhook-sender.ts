/** One notification to one webhook: what goes out, and what its answer means. */
import { PlatformError } from "@agentcore/contract";
import type { Clock } from "@agentcore/core/ports";
import { createGuardedFetch, type Lookup } from "@agentcore/outbound";
import type { PushKey, PushRecord } from "./push-store.ts";
import { type FailureKind, failureOf, retryAfterOf } from "./retry-schedule.ts";

export interface Notification {
  readonly key: PushKey;
  readonly record: PushRecord;
  readonly body: unknown;
  readonly seq: number;
  /** Of an event that makes several notifications, which one, from 0 on. */
  readonly frame: number;
}

export type SendOutcome =
  | { readonly taken: true }
  | {
      readonly taken: false;
      readonly kind: FailureKind;
      /** For callers: names no secret, of the URL no more than the host, and no address that a name leads to. */
      readonly error: string;
      /** For the log of the node, whose network it is: the same with addresses, where it has any. */
      readonly detail?: string | undefined;
      readonly retryAfterMs?: number | undefined;
    };

/** Rejects with the signal's reason only. */
export type SendNotification = (notification: Notification, signal: AbortSignal) => Promise<SendOutcome>;

export interface WebhookSenderOptions {
  /** Whether this machine and private networks may be called. */
  readonly allowPrivate: boolean;
  readonly clock: Clock;
  /** Of the node: goes into `User-Agent`. */
  readonly version: string;
  /** @default the system's resolver */
  readonly lookup?: Lookup | undefined;
}

const TIMEOUT_MS = 30_000;
// Answers are not read; what came with the headers already must not fill the memory either.
const MAX_ANSWER_BYTES = 16 * 1024;
const MAX_ERROR_LENGTH = 300;

export const createWebhookSender = ({
  allowPrivate,
  clock,
  version,
  lookup,
}: WebhookSenderOptions): SendNotification => {
  const policy = {
    allowLoopback: allowPrivate,
    allowPrivate,
    option: "--allow-private-webhooks",
    maxAnswerBytes: MAX_ANSWER_BYTES,
    lookup,
  };
  const send = createGuardedFetch({ ...policy, sendsSecret: false });
  const sendSecret = createGuardedFetch({ ...policy, sendsSecret: true });

  return async (notification, signal) => {
    const { config } = notification.record;
    const hasSecret = config.authentication?.credentials !== undefined || (config.token ?? "") !== "";
    const attempt = new AbortController();
    const abort = (): void => attempt.abort();
    signal.addEventListener("abort", abort, { once: true });
    const timer = clock.after(TIMEOUT_MS, abort);
    try {
      signal.throwIfAborted();
      const response = await (hasSecret ? sendSecret : send)(config.url, {
        method: "POST",
        headers: { ...headersOf(notification), "user-agent": `AgentCore/${version}` },
        body: JSON.stringify(notification.body),
        signal: attempt.signal,
      });
      response.body?.cancel().catch(() => {});
      if (response.ok) return { taken: true };
      const retryAfterMs = retryAfterOf(response.headers.get("retry-after"), clock.now());
      return { taken: false, kind: failureOf(response.status), error: statusText(response.status), retryAfterMs };
    } catch (thrown) {
      signal.throwIfAborted();
      if (attempt.signal.aborted)
        return { taken: false, kind: "transient", error: `no answer within ${TIMEOUT_MS / 1000} s` };
      // The guard's: the address may not be called.
      if (PlatformError.is(thrown)) {
        const { message, details } = thrown;
        const reason = details?.["reason"];
        const error = bounded(typeof reason === "string" ? reason : message);
        return { taken: false, kind: "refused", error, detail: bounded(message) };
      }
      return { taken: false, kind: "transient", ...connectionError(thrown) };
    } finally {
      timer.cancel();
      signal.removeEventListener("abort", abort);
    }
  };
};

/** The same for the same notification, however often it is sent: receivers leave out by it what they have. */
export const eventIdOf = ({ key, seq, frame }: Pick<Notification, "key" | "seq" | "frame">): string =>
  `${key.taskId}/${encodeURIComponent(key.configId)}/${seq}.${frame}`;

const headersOf = (notification: Notification): Record<string, string> => {
  const { config, version } = notification.record;
  const { authentication, token = "" } = config;
  return {
    "content-type": version === "1.0" ? "application/a2a+json" : "application/json",
    "a2a-version": version,
    "x-a2a-event-id": eventIdOf(notification),
    ...(authentication === undefined
      ? {}
      : { authorization: `${authentication.scheme} ${authentication.credentials ?? ""}`.trim() }),
    ...(token === "" ? {} : { "x-a2a-notification-token": token }),
  };
};

const statusText = (status: number): string =>
  status >= 300 && status < 400 ? `HTTP ${status}: redirects are not followed` : `HTTP ${status}`;

/** Messages of the system name the address; its codes (ECONNREFUSED, ENOTFOUND, CERT_HAS_EXPIRED) say why as well. */
const connectionError = (thrown: unknown): { readonly error: string; readonly detail: string } => {
  const cause = thrown instanceof Error && thrown.cause !== undefined ? thrown.cause : thrown;
  const code = cause instanceof Error && "code" in cause ? `: ${String(cause.code)}` : "";
  const detail = cause instanceof Error && cause.message !== "" ? cause.message : String(cause);
  return { error: bounded(`no answer${code}`), detail: bounded(detail) };
};

const bounded = (text: string): string => text.slice(0, MAX_ERROR_LENGTH);
