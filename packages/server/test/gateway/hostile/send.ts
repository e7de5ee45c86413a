/** Hostile requests, sent to a gateway without a socket by a client that does not wait for long. */
import type { Gateway } from "../../../src/gateway/create-gateway.ts";
import type { ReadAnswer } from "./answers.ts";
import type { HostileRequest } from "./requests.ts";

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

export const settledWithin = async (work: Promise<unknown>, turns: number): Promise<void> => {
  let settled = false;
  const settle = () => (settled = true);
  work.then(settle, settle);
  for (let count = 0; count < turns && !settled; count += 1) await turn();
};

/** Streams that stay open are read as far as they go by themselves, and left. */
export const read = async (response: Response): Promise<ReadAnswer> => {
  const contentType = response.headers.get("content-type") ?? "";
  const { status } = response;
  if (contentType !== "text/event-stream" || response.body === null)
    return { status, contentType, text: await response.text() };
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const next = reader.read();
    let chunk: Awaited<typeof next> | undefined;
    await settledWithin(
      next.then((value) => (chunk = value)),
      4,
    );
    if (chunk === undefined || chunk.done) break;
    text += decoder.decode(chunk.value, { stream: true });
  }
  await reader.cancel();
  // Of the last frame there may be a part only.
  return { status, contentType, text: text.slice(0, text.lastIndexOf("\n\n") + 2) };
};

/** Null for what is no URL of this machine. `patience` is in turns of the event loop. */
export const sendHostile = async (
  gateway: Gateway,
  key: string,
  { address, method, headers: given, body }: HostileRequest,
  patience = 12,
): Promise<ReadAnswer | null> => {
  const url = `http://localhost${address}`;
  if (!URL.canParse(url) || new URL(url).hostname !== "localhost") return null;
  const controller = new AbortController();
  const headers = new Headers({ authorization: `Bearer ${key}` });
  for (const [name, value] of Object.entries(given)) headers.set(name, value);
  const { signal } = controller;
  const pending = gateway.fetch(new Request(url, { method, headers, body: body as BodyInit | null, signal }));
  // Who waits for a task that waits for somebody loses patience.
  await settledWithin(pending, patience);
  controller.abort();
  return read(await pending);
};

export const show = ({ method, address, headers, body }: HostileRequest): string =>
  `${method} ${address.slice(0, 1000)} ${JSON.stringify(headers)}\n${new TextDecoder().decode(body ?? new Uint8Array()).slice(0, 4000)}`;
