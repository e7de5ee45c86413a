/** Servers that get the HTTP+JSON binding wrong. */
import { type BrokenServer, type Json, refuse } from "./broken-server.ts";

export const HTTP_JSON_SERVERS: readonly BrokenServer[] = [
  [
    "has a page for unknown paths",
    {
      instead: ({ request }) =>
        request.url.endsWith("/noSuchPath")
          ? { status: 404, headers: { "content-type": "text/html" }, body: "<html>" }
          : undefined,
    },
    { fails: "AC-1.11-rest/unknown-path", binding: "HTTP+JSON" },
  ],
  [
    "has a page for wrong methods",
    {
      instead: ({ request }) =>
        request.method === "PUT"
          ? { status: 405, headers: { "content-type": "text/html" }, body: "<html>" }
          : undefined,
    },
    { fails: "AC-1.11-rest/wrong-method", binding: "HTTP+JSON" },
  ],
  [
    "answers what is no JSON with 500",
    {
      instead: ({ body, isRest }) =>
        isRest && body === '{"message":'
          ? {
              status: 500,
              headers: { "content-type": "application/json" },
              body: { error: { code: 500, status: "INTERNAL", message: "" } },
            }
          : undefined,
    },
    { fails: "AC-1.11-rest/no-json", binding: "HTTP+JSON" },
  ],
  [
    "takes a list for a body",
    {
      instead: ({ body, isRest }) =>
        isRest && body === "[]"
          ? { status: 200, headers: { "content-type": "application/json" }, body: {} }
          : undefined,
    },
    { fails: "AC-1.11-rest/not-an-object", binding: "HTTP+JSON" },
  ],
  [
    "has a page for another media type",
    {
      instead: ({ body }) =>
        body === "hello" ? { status: 415, headers: { "content-type": "text/html" }, body: "<html>" } : undefined,
    },
    { fails: "AC-1.11-rest/content-type", binding: "HTTP+JSON" },
  ],
  [
    "adds a member to errors",
    {
      answer: (_, answer) =>
        answer.status === 404 ? { ...answer, body: { ...(answer.body as Json), timestamp: 1 } } : answer,
    },
    { fails: "AC-1.11-rest/error-body", binding: "HTTP+JSON" },
  ],
  [
    "says another code than the status",
    {
      answer: (_, answer) =>
        answer.status === 404
          ? { ...answer, body: { error: { ...(answer.body as { error: Json }).error, code: 5 } } }
          : answer,
    },
    { fails: "AC-1.11-rest/error-code", binding: "HTTP+JSON" },
  ],
  [
    "answers REST as text",
    {
      answer: (call, answer) =>
        call.operation === "GetTask"
          ? { ...answer, headers: { ...answer.headers, "content-type": "text/plain" } }
          : answer,
    },
    { fails: "AC-1.11-rest/media-type", binding: "HTTP+JSON" },
  ],
  [
    "takes application/a2a+json only",
    {
      instead: (call) =>
        call.operation === "SendMessage" && call.request.headers.get("content-type") === "application/json"
          ? refuse(call, 400, "CONTENT_TYPE_NOT_SUPPORTED", -32005)
          : undefined,
    },
    { fails: "AC-1.2-json-media-type", binding: "HTTP+JSON" },
  ],
  [
    "wants a body for a cancel",
    {
      instead: (call) =>
        call.operation === "CancelTask" && call.body === "" ? refuse(call, 400, undefined, -32602) : undefined,
    },
    { fails: "AC-1.2-cancel-without-body", binding: "HTTP+JSON" },
  ],
  ...(["GET", "POST"] as const).map(
    (method): BrokenServer => [
      `takes no subscription by ${method}`,
      {
        instead: ({ operation, request, params }) =>
          operation === "SubscribeToTask" &&
          request.method === method &&
          String(params["id"]).includes("-") &&
          !String(params["id"]).startsWith("task-")
            ? {
                status: 405,
                headers: { "content-type": "application/json" },
                body: { error: { code: 405, status: "UNIMPLEMENTED", message: "" } },
              }
            : undefined,
      },
      {
        fails: method === "GET" ? ["AC-1.2-subscribe/GET", "STREAM-SUB-004"] : "AC-1.2-subscribe/POST",
        binding: "HTTP+JSON",
      },
    ],
  ),
];
