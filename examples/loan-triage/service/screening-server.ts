import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { z } from "zod";
import { screenAgainstList } from "../src/domain/screen-against-list.ts";
import { ScreeningRequest } from "../src/domain/screening.ts";
import { Control, ScreeningBehaviour } from "./screening-behaviour.ts";

// A name and two short fields; anything longer is not a question.
const maximumBodyBytes = 8_192;

/** The screening service, not yet listening: `GET /healthz`, `POST /screen`, `POST /control`. */
export function createScreeningServer(): Server {
  const behaviour = new ScreeningBehaviour();
  return createServer({ requestTimeout: 10_000 }, (request, response) => {
    answer(request, response, behaviour).catch((error: unknown) => {
      if (response.headersSent || response.destroyed) response.destroy();
      else send(response, 500, { error: error instanceof Error ? error.message : String(error) });
    });
  });
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  behaviour: ScreeningBehaviour,
): Promise<void> {
  const route = `${request.method} ${new URL(request.url ?? "/", "http://localhost").pathname}`;
  if (route === "GET /healthz") return send(response, 200, { status: "ok", mode: behaviour.mode });
  if (route === "POST /control") {
    const control = await readBody(request, response, Control);
    if (!control) return;
    behaviour.set(control);
    return send(response, 200, control);
  }
  if (route !== "POST /screen") return send(response, 404, { error: `No such route: ${route}` });
  const question = await readBody(request, response, ScreeningRequest);
  if (!question) return;
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  const next = await behaviour.next(gone.signal).catch(() => "gone" as const);
  if (next === "gone") return;
  if (next === "fail") return send(response, 503, { error: "The screening service was told to fail" });
  send(response, 200, screenAgainstList(question));
}

/** Answers 413 or 400 itself and returns undefined when there is no valid body. */
async function readBody<T extends z.ZodType>(
  request: IncomingMessage,
  response: ServerResponse,
  schema: T,
): Promise<z.infer<T> | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maximumBodyBytes) {
      // The rest is not read: the connection ends with the answer.
      response.setHeader("connection", "close");
      send(response, 413, { error: `A body may have ${maximumBodyBytes} bytes` });
      return undefined;
    }
    chunks.push(chunk);
  }
  let body: unknown;
  try {
    body = JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    send(response, 400, { error: "The body is not JSON" });
    return undefined;
  }
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  send(response, 400, {
    error: parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; "),
  });
  return undefined;
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
  response.end(text);
}
