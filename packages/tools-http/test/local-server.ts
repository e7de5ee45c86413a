/** A server of this machine, and surroundings as a node gives them, for the tests of this package. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createNamedFetch, createNamedWebSocket, type NamedOriginsOptions } from "@agentcore/outbound";
import type { Reach, Tool, ToolSurroundings } from "@agentcore/sdk";

export interface Served {
  readonly origin: string;
  readonly requests: { method: string; url: string; headers: IncomingMessage["headers"]; body: string }[];
  close(): Promise<void>;
}

export const serve = async (
  handle: (request: IncomingMessage, response: ServerResponse, body: string) => void,
): Promise<Served> => {
  const requests: Served["requests"] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks).toString();
      requests.push({ method: request.method ?? "", url: request.url ?? "", headers: request.headers, body });
      handle(request, response, body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
};

export const surroundingsOf = (
  reaches: readonly Reach[],
  secrets: Readonly<Record<string, string>> = {},
  more: Partial<NamedOriginsOptions> = {},
): ToolSurroundings => {
  const origins = {
    named: reaches.flatMap(({ kind, value, withSecret = false }) =>
      kind === "address" ? [{ origin: new URL(value).origin, sendsSecret: withSecret }] : [],
    ),
    ...{ allowPrivate: false, option: "--allow-private-tools", ...more },
  };
  return {
    tenantId: "default",
    secret: (variable) => secrets[variable] ?? "",
    fetch: createNamedFetch(origins),
    webSocket: createNamedWebSocket(origins),
    embed: () => Promise.reject(new Error("no models here")),
    signal: new AbortController().signal,
    onClose: () => undefined,
  };
};

/** As the engine calls it: its input held against its schema. */
export const call = async (
  tools: readonly Tool[],
  name: string,
  input: unknown,
  signal: AbortSignal = new AbortController().signal,
): Promise<unknown> => {
  const tool = tools.find((each) => each.name === name);
  if (tool === undefined) throw new Error(`there is no tool ${name}`);
  const judged = await tool.input["~standard"].validate(input);
  if (judged.issues !== undefined) throw new Error(judged.issues.map(({ message }) => message).join("; "));
  return tool.execute(judged.value, { signal, idempotencyKey: "key-of-the-step" });
};
