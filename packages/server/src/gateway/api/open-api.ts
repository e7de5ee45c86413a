/** The OpenAPI 3.1 document, made from the route table: what routes and validates also describes. */
import { ERROR_CODES, SerializedErrorSchema } from "@agentcore/contract";
import { z } from "zod";
import type { ApiRoute } from "./api-route.ts";
import { pathTemplate } from "./path-template.ts";

export interface OpenApiOptions {
  readonly version: string;
  readonly publicUrl: string;
  readonly authenticated: boolean;
}

type JsonObject = Record<string, unknown>;

export const buildOpenApi = (
  routes: readonly ApiRoute[],
  { version, publicUrl, authenticated }: OpenApiOptions,
): JsonObject => {
  const paths: Record<string, JsonObject> = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operation(route, authenticated) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "AgentCore",
      version,
      description: "The HTTP API of an AgentCore node. A2A is described by its agent cards.",
    },
    servers: [{ url: publicUrl }],
    paths,
    components: {
      schemas: { Error: errorSchema() },
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer" },
        apiKey: { type: "apiKey", in: "header", name: "X-API-Key" },
      },
    },
  };
};

const operation = (route: ApiRoute, authenticated: boolean): JsonObject => {
  const { status, schema, description, contentTypes = ["application/json"] } = route.answer;
  const parameters = [
    ...pathTemplate(route.path).names.map((name) => ({ name, in: "path", required: true, schema: { type: "string" } })),
    ...queryParameters(route.query),
  ];
  const answer = schema === undefined ? {} : schemaOf(schema, "output");
  const content = Object.fromEntries(
    contentTypes.map((type) => [type, { schema: type.endsWith("json") ? answer : { type: "string" } }]),
  );
  return {
    operationId: route.operationId,
    summary: route.summary,
    tags: [route.tag],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(route.body === undefined ? {} : { requestBody: requestBody(route, route.body) }),
    responses: {
      [status]: { description, ...(status === 204 ? {} : { content }) },
      default: {
        description: "What went wrong",
        content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } },
      },
    },
    security:
      authenticated && route.access !== "public" && route.access !== "signed" ? [{ bearer: [] }, { apiKey: [] }] : [],
  };
};

const requestBody = (route: ApiRoute, body: z.ZodType): JsonObject => ({
  required: route.bodyOptional !== true,
  content: {
    "application/json": { schema: schemaOf(body, "input") },
    ...(route.yaml === true ? { "application/yaml": { schema: { type: "string" } } } : {}),
  },
});

const queryParameters = (query: z.ZodType | undefined): JsonObject[] => {
  if (query === undefined) return [];
  const { properties = {}, required = [] } = schemaOf(query, "input") as {
    properties?: Record<string, JsonObject>;
    required?: string[];
  };
  // A query carries text; what is coerced from it shows as "anything" and is told as what it becomes.
  const { properties: outputs = {} } = schemaOf(query, "output") as { properties?: Record<string, JsonObject> };
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: "query",
    required: required.includes(name),
    schema: Object.keys(schema).length === 0 ? (outputs[name] ?? {}) : schema,
  }));
};

const errorSchema = (): JsonObject => ({
  type: "object",
  required: ["error"],
  properties: {
    error: {
      ...schemaOf(SerializedErrorSchema, "output"),
      description: `Codes: ${Object.keys(ERROR_CODES).join(", ")}`,
    },
  },
});

const schemaOf = (schema: z.ZodType, io: "input" | "output"): JsonObject => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    io,
    unrepresentable: "any",
    target: "draft-2020-12",
  }) as JsonObject;
  return rest;
};
