/**
 * SendMessage, or another POST, over keep-alive connections, in a process of its own so that it takes no time of the server's event loop.
 * Speaks HTTP on plain sockets: a general client would cost more than the servers measured. Asked over IPC, answers over IPC.
 */
import { randomUUID } from "node:crypto";
import { connect } from "node:net";

/** Sent again and again as it is. */
export interface Post {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** What an answer with status 200 must have in its body to count. */
  readonly marker: string;
}

export interface LoadRequest {
  readonly url: string;
  readonly connections: number;
  /** How long to send; requests under way are awaited. */
  readonly ms?: number;
  /** How many to send in all, instead of for how long. */
  readonly count?: number;
  readonly returnImmediately?: boolean;
  /** Asks for streams, and for artifact updates that each of them must bring. */
  readonly stream?: number;
  /** Instead of SendMessage. */
  readonly post?: Post;
}

export interface LoadResult {
  readonly answered: number;
  /** Frames of the streams, those of status and the task included; 0 without streams. */
  readonly frames: number;
  readonly ms: number;
  readonly p50: number;
  readonly p99: number;
  /** The first answer that was none, if any. */
  readonly failure: string | null;
}

const generate = async ({
  url,
  connections,
  ms,
  count,
  returnImmediately,
  stream,
  post,
}: LoadRequest): Promise<LoadResult> => {
  const { hostname, port, pathname, host } = new URL(url);
  const latencies: number[] = [];
  let sent = 0;
  let frames = 0;
  let failure: string | null = null;
  const startedAt = performance.now();
  const more = (): boolean =>
    failure === null && (count !== undefined ? sent < count : performance.now() - startedAt < (ms ?? 1000));
  const marker = post?.marker ?? (returnImmediately === true ? "TASK_STATE_" : "TASK_STATE_COMPLETED");
  const head = [
    `POST ${pathname} HTTP/1.1`,
    `host: ${host}`,
    "content-type: application/json",
    ...Object.entries(post?.headers ?? { "a2a-version": "1.0" }).map(([name, value]) => `${name}: ${value}`),
  ].join("\r\n");
  const withHead = (body: string): string => `${head}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
  const posted = post === undefined ? undefined : withHead(post.body);

  const requestText = (): string => {
    sent++;
    if (posted !== undefined) return posted;
    const body = JSON.stringify({
      jsonrpc: "2.0",
      id: sent,
      method: stream === undefined ? "SendMessage" : "SendStreamingMessage",
      params: {
        message: { messageId: randomUUID(), role: "ROLE_USER", parts: [{ text: `hello ${sent}` }] },
        ...(returnImmediately === true ? { configuration: { returnImmediately: true } } : {}),
      },
    });
    return withHead(body);
  };

  const lane = (): Promise<void> =>
    new Promise((resolve) => {
      const socket = connect(Number(port), hostname);
      socket.setNoDelay(true);
      socket.setEncoding("latin1");
      let text = "";
      let askedAt = 0;
      const next = (): void => {
        if (!more()) {
          socket.end();
          resolve();
          return;
        }
        text = "";
        askedAt = performance.now();
        socket.write(requestText());
      };
      socket.on("connect", next);
      socket.on("data", (chunk: string) => {
        text += chunk;
        if (!isWhole(text)) return;
        if (text.startsWith("HTTP/1.1 200") && text.includes(marker) && hasUpdates(text, stream ?? 0)) {
          latencies.push(performance.now() - askedAt);
          if (stream !== undefined) frames += countOf(text, "data: {");
        } else failure ??= text.slice(0, 600);
        next();
      });
      socket.on("error", (error) => {
        failure ??= error.message;
        resolve();
      });
      socket.on("close", () => resolve());
    });

  await Promise.all(Array.from({ length: connections }, lane));
  const took = performance.now() - startedAt;
  latencies.sort((left, right) => left - right);
  const at = (share: number): number => latencies[Math.floor(latencies.length * share)] ?? Number.NaN;
  return { answered: latencies.length, frames, ms: took, p50: at(0.5), p99: at(0.99), failure };
};

const countOf = (text: string, part: string): number => {
  let count = 0;
  for (let at = text.indexOf(part); at !== -1; at = text.indexOf(part, at + part.length)) count++;
  return count;
};

const hasUpdates = (text: string, expected: number): boolean =>
  expected === 0 || countOf(text, '"artifactUpdate":') >= expected;

const isWhole = (text: string): boolean => {
  const end = text.indexOf("\r\n\r\n");
  if (end === -1) return false;
  const length = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, end))?.[1];
  return length === undefined ? text.endsWith("\r\n0\r\n\r\n") : text.length - end - 4 >= Number(length);
};

// Whoever started this is gone.
process.once("disconnect", () => process.exit(1));
process.on("message", (request: LoadRequest) => {
  void generate(request).then((result) => process.send?.(result));
});
