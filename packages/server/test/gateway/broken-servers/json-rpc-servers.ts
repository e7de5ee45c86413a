/** Servers that get the JSON-RPC binding, and errors of all of them wrong. */
import { errorCode } from "../mutated-server.ts";
import { type BrokenServer, type Json, without } from "./broken-server.ts";

const invalidRequest = (body: string): string | undefined => {
  const json = ((): unknown => {
    try {
      return JSON.parse(body);
    } catch {
      return undefined;
    }
  })();
  if (json === undefined) return undefined;
  if (Array.isArray(json)) return "batch";
  if (typeof json !== "object") return "scalar";
  const { jsonrpc, method, id } = json as Json;
  if (jsonrpc !== "2.0") return "jsonrpc";
  if (method === undefined) return "no-method";
  if (typeof method !== "string") return "method-type";
  return id === undefined ? "no-id" : typeof id === "object" ? "id-type" : undefined;
};

const withoutDetails = (answer: { status: number; headers: Readonly<Record<string, string>>; body: unknown }) => {
  const body = answer.body as { error?: Json };
  if (typeof body !== "object" || body.error === undefined) return answer;
  return { ...answer, body: { ...body, error: without(without(body.error, "data"), "details") } };
};

export const JSON_RPC_SERVERS: readonly BrokenServer[] = [
  [
    "takes what is no JSON for an internal error",
    errorCode(-32700, -32603),
    { fails: ["AC-1.11-rpc/parse-error", "AC-1.11-rpc/empty"] },
  ],
  ...(["scalar", "batch", "jsonrpc", "no-method", "method-type", "id-type"] as const).map(
    (name): BrokenServer => [
      `says invalid params for ${name}`,
      {
        answer: (call, answer) =>
          invalidRequest(call.body) === name
            ? { ...answer, body: { jsonrpc: "2.0", id: null, error: { code: -32602, message: "no" } } }
            : answer,
      },
      { fails: `AC-1.11-rpc/${name}` },
    ],
  ),
  [
    "answers a request without an id",
    {
      answer: (call, answer) =>
        invalidRequest(call.body) === "no-id"
          ? { ...answer, body: { jsonrpc: "2.0", error: { code: -32001, message: "no" } } }
          : answer,
    },
    { fails: "AC-1.11-rpc/no-id" },
  ],
  ["does not know what an unknown method is", errorCode(-32601, -32600), { fails: "AC-1.11-rpc/unknown-method" }],
  [
    "takes a list of params",
    {
      answer: (call, answer) =>
        Array.isArray(call.params)
          ? { ...answer, body: { ...(answer.body as Json), error: { code: -32001, message: "no" } } }
          : answer,
    },
    { fails: "AC-1.11-rpc/params-type" },
  ],
  [
    "makes ids texts",
    {
      answer: (call, answer) =>
        typeof call.id === "number" && call.id > 1000
          ? { ...answer, body: { ...(answer.body as Json), id: String(call.id) } }
          : answer,
    },
    { fails: "AC-1.11-rpc/id" },
  ],
  [
    "says both result and error",
    {
      answer: (_, answer) =>
        typeof answer.body === "object" && "result" in (answer.body as Json)
          ? { ...answer, body: { ...(answer.body as Json), error: null } }
          : answer,
    },
    { fails: "AC-1.11-rpc/members" },
  ],
  [
    "answers JSON-RPC as text",
    {
      answer: (call, answer) =>
        call.operation === "GetTask" ? { ...answer, headers: { "content-type": "text/plain" } } : answer,
    },
    { fails: "AC-1.11-rpc/media-type" },
  ],
  [
    "answers errors with HTTP 404",
    {
      answer: (_, answer) =>
        (answer.body as { error?: Json }).error?.["code"] === -32001 ? { ...answer, status: 404 } : answer,
    },
    { fails: "AC-1.11-rpc/http-status" },
  ],
  [
    "has a page for the wrong media type",
    {
      instead: ({ request }) =>
        request.method === "POST" && request.headers.get("content-type") === "text/plain"
          ? { status: 415, headers: { "content-type": "text/html" }, body: "<html>" }
          : undefined,
    },
    { fails: "AC-1.11-rpc/content-type" },
  ],

  ["leaves out ErrorInfo", { answer: (_, answer) => withoutDetails(answer) }, { fails: "AC-1.11-error-info" }],
  [
    "leaves out ErrorInfo over HTTP",
    { answer: (_, answer) => withoutDetails(answer) },
    { fails: "AC-1.11-error-info", binding: "HTTP+JSON" },
  ],
];
