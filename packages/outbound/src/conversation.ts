/** What is said on a WebSocket before anything else is: by its manifest, with secrets in their places. */
import { PlatformError, RetryableError } from "@agentcore/contract/errors";
import { matchesMessage, type WebSocketAddress, withSecrets } from "@agentcore/contract/web-socket";
import type { WebSocketCall } from "./guarded-web-socket.ts";
import type { MessageSocket, SocketEnd } from "./message-socket.ts";

export type Conversant = Pick<MessageSocket, "close" | "end" | "host" | "next" | "send">;

export interface ConversationOptions<Socket extends Conversant> {
  readonly open: (address: string, call: WebSocketCall) => Promise<Socket>;
  readonly secret: (variable: string) => string;
  readonly maxMessageBytes: number;
  /** Of the handshake, and of the opening once more. */
  readonly openTimeoutMs: number;
  readonly signal: AbortSignal;
}

/** As `open` rejects; RetryableError for what is closed, or too late, before its opening is over: nothing was asked of it yet. */
export const openConversation = async <Socket extends Conversant>(
  { url, headers = {}, protocols, opening = [] }: WebSocketAddress,
  { open, secret, maxMessageBytes, openTimeoutMs, signal }: ConversationOptions<Socket>,
): Promise<Socket> => {
  const secrets: string[] = [];
  const known = (variable: string): string => {
    const value = secret(variable);
    secrets.push(value);
    return value;
  };
  const said = Object.entries(headers).map(
    ([name, value]) => [name.toLowerCase(), typeof value === "string" ? value : known(value.env)] as const,
  );
  const steps = opening.map(({ send, expect }) => ({
    ...{ expect, text: send === undefined ? undefined : messageText(withSecrets(send, known)) },
  }));
  const socket = await open(url, {
    ...{ headers: Object.fromEntries(said), protocols, maxMessageBytes, openTimeoutMs, secrets, signal },
  });
  if (steps.length === 0) return socket;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const why = `${socket.host} did not say what was expected first in ${openTimeoutMs} ms`;
    timer = setTimeout(() => reject(new RetryableError(why, { code: "UPSTREAM_FAILED" })), openTimeoutMs);
  });
  const saying = sayOpening(socket, steps);
  try {
    await Promise.race([saying, late]);
    return socket;
  } catch (error) {
    // What is asked for ends with the connection.
    saying.catch(() => undefined);
    void socket.close();
    throw error;
  } finally {
    clearTimeout(timer);
  }
};

interface Step {
  readonly text: string | undefined;
  readonly expect: Parameters<typeof matchesMessage>[1] | undefined;
}

const sayOpening = async (socket: Conversant, steps: readonly Step[]): Promise<void> => {
  for (const { text, expect } of steps) {
    if (text !== undefined) await socket.send(text);
    if (expect === undefined) continue;
    for (;;) {
      const message = await socket.next();
      if (message === null) throw closedEarly(socket, "before its opening was over");
      if (message.text !== null && matchesMessage(messageValue(message.text), expect)) break;
    }
  }
};

/** As it is sent. */
export const messageText = (message: unknown): string =>
  typeof message === "string" ? message : JSON.stringify(message);

/** What it says as JSON; undefined where it is none. */
export const messageValue = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};

// RFC 6455, 7.4.1, and IANA's registry: it goes away, breaks off, fails, starts anew, is to be tried later, has lost its own upstream.
const PASSING: ReadonlySet<number> = new Set([1001, 1005, 1006, 1011, 1012, 1013, 1014]);

export const closedEarly = ({ host, end }: Pick<Conversant, "end" | "host">, when: string): PlatformError => {
  const { code, reason, fault }: SocketEnd = end ?? { code: 1006, reason: "" };
  if (fault !== undefined) return fault;
  const why = `${host} closed the connection ${when} (code ${code}${reason === "" ? "" : `: ${reason}`})`;
  const details = { closeCode: code, closeReason: reason };
  return PASSING.has(code)
    ? new RetryableError(why, { code: "UPSTREAM_FAILED", details })
    : new PlatformError("UPSTREAM_FAILED", why, { details, retryable: false });
};
