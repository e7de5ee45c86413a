/** Tools of Tool manifests, as an operator looks at them, and tries one by hand. */
import { z } from "zod";
import type { ToolService } from "../deps/tool-service.ts";
import { jsonResponse } from "../http/responses.ts";
import { type ApiRoute, apiRoute } from "./api-route.ts";

const CallBody = z.strictObject({
  /** By either of its names. */
  tool: z.string().min(1).max(200),
  /** @default {} */
  input: z.record(z.string(), z.unknown()).optional(),
});

const Status = z.object({
  name: z.string(),
  description: z.string(),
  from: z.enum(["stdio", "http", "library"]),
  library: z.string().optional(),
  state: z.enum(["open", "idle", "failed"]),
  server: z.object({ name: z.string(), version: z.string(), protocol: z.string() }).optional(),
  reason: z.string().optional(),
});

const Library = z.object({
  name: z.string(),
  from: z.string(),
  installed: z.boolean(),
  description: z.string().optional(),
  options: z.record(z.string(), z.unknown()).optional(),
});

const Listed = z.object({
  name: z.string(),
  origin: z.string(),
  description: z.string(),
  inputJsonSchema: z.record(z.string(), z.unknown()),
  hints: z.record(z.string(), z.boolean()).optional(),
  /** What holds for it wherever a task calls it. */
  terms: z
    .object({
      permission: z.string(),
      timeoutMs: z.number(),
      costUsd: z.number(),
      maxCalls: z.number(),
      approval: z.enum(["never", "always"]),
      approvers: z.array(z.string()),
    })
    .partial()
    .optional(),
});

const Consent = z.object({
  caller: z.string(),
  since: z.iso.datetime(),
  /** As they were granted; empty where that was not said. */
  scopes: z.array(z.string()),
});

export const createToolRoutes = (tools: ToolService): readonly ApiRoute[] => [
  apiRoute({
    method: "GET",
    path: "/api/v1/tools",
    operationId: "listToolManifests",
    summary: "Tool manifests, and how their tools are to be had on this node",
    tag: "tools",
    access: "operator",
    answer: { status: 200, schema: z.object({ items: z.array(Status) }), description: "By name" },
    handle: async ({ scope }) => jsonResponse({ items: await tools.list(scope.tenantId) }),
  }),
  apiRoute({
    method: "GET",
    path: "/api/v1/tool-libraries",
    operationId: "listToolLibraries",
    summary: "Libraries of tools that Tool manifests may name",
    tag: "tools",
    access: "operator",
    answer: { status: 200, schema: z.object({ items: z.array(Library) }), description: "By name" },
    handle: async () => jsonResponse({ items: await tools.libraries() }),
  }),
  apiRoute({
    method: "GET",
    path: "/api/v1/tools/{name}",
    operationId: "listTools",
    summary: "The tools of a Tool manifest, as its server or library lists them",
    tag: "tools",
    access: "operator",
    answer: { status: 200, schema: z.object({ items: z.array(Listed) }), description: "In the order of their source" },
    handle: async ({ scope, path: { name = "" }, request }) =>
      jsonResponse({ items: await tools.tools(scope, name, request.signal) }),
  }),
  apiRoute({
    method: "POST",
    path: "/api/v1/tools/{name}/call",
    operationId: "callTool",
    summary: "Call one of them by hand, outside of any task",
    tag: "tools",
    access: "operator",
    body: CallBody,
    answer: { status: 200, schema: z.object({ result: z.unknown() }), description: "What it gives" },
    handle: async ({ scope, path: { name = "" }, body: { tool, input = {} }, request }) =>
      jsonResponse({
        result: (await tools.call(scope, name, tool, { input, signal: request.signal })) ?? null,
      }),
  }),
  apiRoute({
    method: "GET",
    path: "/api/v1/tools/{name}/consents",
    operationId: "listToolConsents",
    summary: "Who has consented to the server of a Tool manifest; of others than the caller for operators only",
    tag: "tools",
    answer: { status: 200, schema: z.object({ items: z.array(Consent) }), description: "What each has consented to" },
    handle: async ({ scope, path: { name = "" } }) => jsonResponse({ items: await tools.consents(scope, name) }),
  }),
  apiRoute({
    method: "DELETE",
    path: "/api/v1/tools/{name}/consents",
    operationId: "revokeToolConsent",
    summary: "Take back what somebody has consented to; another's for operators only",
    tag: "tools",
    query: z.strictObject({ caller: z.string().min(1).max(256).optional() }),
    answer: { status: 200, schema: z.object({ caller: z.string() }), description: "Whose is not kept any more" },
    async handle({ scope, path: { name = "" }, query: { caller = scope.caller } }) {
      await tools.revoke(scope, name, caller);
      return jsonResponse({ caller });
    },
  }),
];
