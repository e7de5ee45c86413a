/** A webhook on this machine that keeps what is posted to it. */

import { once } from "node:events";
import { createServer } from "node:http";
import { parsedJson } from "./json-values.ts";

export interface Delivery {
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: unknown;
}

export interface PushReceiver {
  /** A new address with what arrives there. */
  inbox(): Inbox;
  close(): Promise<void>;
}

export interface Inbox {
  readonly url: string;
  readonly deliveries: readonly Delivery[];
  /** Resolves with what is there once `isEnough`, or when the signal aborts. */
  until(isEnough: (deliveries: readonly Delivery[]) => boolean, signal: AbortSignal): Promise<readonly Delivery[]>;
}

const MAX_BODY_BYTES = 1024 * 1024;
const MAX_DELIVERIES = 1_000;

/** Listens on `host` at a free port until it is closed. */
export const startPushReceiver = async (host: string): Promise<PushReceiver> => {
  const inboxes = new Map<string, { readonly deliveries: Delivery[]; readonly wake: Set<() => void> }>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.byteLength;
      if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
      else request.destroy();
    });
    request.on("end", () => {
      const inbox = inboxes.get(request.url ?? "");
      response.writeHead(inbox === undefined ? 404 : 200).end();
      if (inbox === undefined || inbox.deliveries.length >= MAX_DELIVERIES) return;
      const headers = Object.fromEntries(
        Object.entries(request.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : value]),
      );
      inbox.deliveries.push({ headers, body: parsedJson(Buffer.concat(chunks).toString("utf8")) });
      for (const wake of inbox.wake) wake();
    });
  });
  server.listen(0, host);
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;

  return {
    inbox() {
      const path = `/${inboxes.size + 1}`;
      const inbox = { deliveries: [] as Delivery[], wake: new Set<() => void>() };
      inboxes.set(path, inbox);
      return {
        url: `http://${host.includes(":") ? `[${host}]` : host}:${port}${path}`,
        deliveries: inbox.deliveries,
        async until(isEnough, signal) {
          while (!isEnough(inbox.deliveries) && !signal.aborted) {
            const { promise, resolve } = Promise.withResolvers<void>();
            inbox.wake.add(resolve);
            signal.addEventListener("abort", () => resolve(), { once: true });
            await promise;
            inbox.wake.delete(resolve);
          }
          return inbox.deliveries;
        },
      };
    },
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
};
