/** What the node says about itself: health, metrics, schemas, the API's own description. */
import { PlatformError } from "@agentcore/contract";
import { z } from "zod";
import type { Health } from "../deps/gateway-deps.ts";
import { jsonResponse, textResponse } from "../http/responses.ts";
import { type ApiRoute, apiRoute } from "./api-route.ts";

export interface NodeRoutesOptions {
  readonly health: () => Health;
  readonly metrics: (tenantId: string) => string;
  /** Called on demand: the document describes these routes too. */
  readonly openApi: () => string;
}

const HealthResource = z.object({ ready: z.boolean(), checks: z.record(z.string(), z.unknown()) });
const SCHEMA_HEADERS = { "cache-control": "public, max-age=3600" };

export const createNodeRoutes = ({ health, metrics, openApi }: NodeRoutesOptions): readonly ApiRoute[] => {
  const schemas = new Map<string, string>();
  return [
    apiRoute({
      method: "GET",
      path: "/healthz",
      operationId: "getLiveness",
      summary: "Whether the process answers",
      tag: "node",
      access: "public",
      answer: { status: 200, schema: z.object({ status: z.literal("ok") }), description: "It does" },
      handle: () => jsonResponse({ status: "ok" }),
    }),
    apiRoute({
      method: "GET",
      path: "/readyz",
      operationId: "getReadiness",
      summary: "Whether the node takes work; 503 when not",
      tag: "node",
      access: "public",
      answer: { status: 200, schema: HealthResource, description: "It does" },
      handle() {
        const { ready, checks } = health();
        return jsonResponse({ ready, checks }, ready ? 200 : 503);
      },
    }),
    apiRoute({
      method: "GET",
      path: "/metrics",
      operationId: "getMetrics",
      summary: "Metrics of the tenant in Prometheus' text format",
      tag: "node",
      access: "operator",
      answer: { status: 200, contentTypes: ["text/plain"], description: "Metrics" },
      handle: ({ scope }) => textResponse(metrics(scope.tenantId), "text/plain; version=0.0.4; charset=utf-8"),
    }),
    apiRoute({
      method: "GET",
      path: "/openapi.json",
      operationId: "getOpenApi",
      summary: "This description",
      tag: "node",
      access: "public",
      answer: { status: 200, description: "OpenAPI 3.1", contentTypes: ["application/json"] },
      handle: () => textResponse(openApi(), "application/json"),
    }),
    apiRoute({
      method: "GET",
      path: "/schemas/{name}.json",
      operationId: "getSchema",
      summary: "JSON Schema of what crosses a process boundary",
      tag: "node",
      access: "public",
      answer: { status: 200, description: "JSON Schema, draft 2020-12", contentTypes: ["application/schema+json"] },
      async handle({ path }) {
        // Some of what it takes is made for this alone.
        const { jsonSchemaOf, SCHEMA_NAMES } = await import("@agentcore/contract/schemas");
        const name = SCHEMA_NAMES.find((candidate) => candidate === path.name);
        if (name === undefined)
          throw new PlatformError("NOT_FOUND", `there is no such schema; there are ${SCHEMA_NAMES.join(", ")}`);
        let text = schemas.get(name);
        if (text === undefined) {
          text = JSON.stringify(jsonSchemaOf(name));
          schemas.set(name, text);
        }
        return textResponse(text, "application/schema+json", 200, SCHEMA_HEADERS);
      },
    }),
  ];
};
