import { invalidArgument } from "@agentcore/contract";
import { type AgentDefinition, PlatformError, type TaskInput } from "@agentcore/sdk";
import { z } from "zod";
import { filledValue, placesInValue } from "../filled-value.ts";
import { checkedParameters, Parameters } from "../parameters.ts";
import { checkStandard, type StandardKind, type StandardOptions, standardAgent } from "../standard-agent.ts";
import { toolNamed } from "../tool-named.ts";
import { Fields, mapValue } from "../translator/mapping.ts";
import { readXml } from "../translator/xml.ts";
import { faultOf, filled, placesIn } from "./address.ts";

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;

const Operation = z
  .strictObject({
    method: z.enum(METHODS).default("GET"),
    /** `https://shop.example/orders/{order}`: `{name}` is a parameter. */
    url: z.string().min(1).max(2_000),
    description: z.string().max(500).optional(),
    parameters: Parameters,
    /** JSON that is sent, in which `"{name}"` stands for a parameter. Not with GET. */
    body: z.unknown().optional(),
    /** Statuses that are a success. */
    expect: z.array(z.int().min(100).max(599)).min(1).max(20).default([200, 201, 202, 204]),
    /** The answer is XML, made JSON; `lists` as of the translator. */
    xml: z.strictObject({ lists: z.array(z.string().max(500)).max(200).default([]) }).optional(),
    /** What of the answer goes where. @default all as it is */
    fields: Fields.optional(),
  })
  .superRefine(({ method, url, parameters, body }, context) => {
    const refuse = (path: string, message: string): void => context.addIssue({ code: "custom", path: [path], message });
    const fault = faultOf(url);
    if (fault !== undefined) refuse("url", fault);
    if (method === "GET" && body !== undefined) refuse("body", "says nothing beside GET");
    const there = new Set([...placesIn(url), ...Object.keys(parameters)]);
    for (const name of placesInValue(body))
      if (!there.has(name)) refuse("body", `{${name}} is no parameter: expected it in parameters`);
    const taken = new Set([...placesIn(url), ...placesInValue(body)]);
    for (const name of Object.keys(parameters))
      if (!taken.has(name)) refuse("parameters", `${name} stands neither in the address nor in the body`);
    for (const name of placesIn(url))
      if (parameters[name] !== undefined && (parameters[name].type === "json" || !parameters[name].required))
        refuse("parameters", `${name} stands in the address: expected a required text, number or boolean`);
  });
type Operation = z.output<typeof Operation>;

const shape = {
  /** By name: what it may ask for, and nothing else. */
  operations: z
    .record(z.string().regex(/^[\w.-]{1,64}$/), Operation)
    .refine((all) => Object.keys(all).length > 0 && Object.keys(all).length <= 200, {
      error: "expected 1 to 200 operations",
    }),
};

export const httpKind: StandardKind<typeof shape> = {
  name: "http",
  description:
    "Calls HTTP services by declared operations: parameters go into the address and the body, the answer comes out by rules",
  latencyMs: { from: 50, to: 30_000 },
  doesNot: ["ask an address that was not declared", "keep a connection", "receive calls"],
  skills: [
    {
      id: "call-service",
      name: "Call a service",
      description: "Calls an operation of an HTTP service and gives what it answers as JSON",
      tags: ["connection", "http", "api", "rest"],
      examples: ["Get order A-7 from the shop"],
    },
  ],
  shape,
  model: "never",
  tools: "required",
  example: {
    options: {
      operations: {
        order: { url: "https://shop.example/orders/{id}", fields: { total: { from: "amount.value", as: "number" } } },
        cancel: {
          method: "POST",
          url: "https://shop.example/orders/{id}/cancel",
          body: { reason: "{reason}" },
          parameters: { reason: {} },
        },
      },
    },
    input: { operation: "order", parameters: { id: "A-7" } },
  },
};

export type HttpAgentOptions = StandardOptions<typeof shape>;

export interface HttpAnswer {
  readonly status: number;
  readonly value: unknown;
}

const Input = z.strictObject({
  operation: z.string().max(64),
  parameters: z.record(z.string().max(64), z.unknown()).default({}),
});

/** What tools for HTTP answer. */
const Answer = z.object({
  status: z.number(),
  json: z.unknown().optional(),
  text: z.string().optional(),
  isCut: z.boolean().optional(),
  omitted: z.string().optional(),
});

/**
 * An agent that calls services. It has no way out but its tools: `http_get` reads, `http_send` sends; both may have a name before theirs, and their own bounds hold. Which address
 * is asked is declared: whoever sends it a task chooses among operations, and gives parameters.
 */
export const httpAgent = (options: HttpAgentOptions): AgentDefinition => {
  const checked = checkStandard(httpKind, options);
  const { operations, tools = [] } = checked;
  return standardAgent(httpKind, checked, {
    input: Input,
    tools,
    // An operation that changes something is not done twice for the asking.
    idempotent: Object.values(operations).every(({ method }) => method === "GET"),
    async run({ input }: TaskInput<z.output<typeof Input>>, ctx): Promise<HttpAnswer> {
      const operation = Object.hasOwn(operations, input.operation) ? operations[input.operation] : undefined;
      if (operation === undefined)
        throw invalidArgument("the request", [
          { field: "operation", description: `expected one of ${Object.keys(operations).join(", ")}` },
        ]);
      const parameters = checkedParameters(operation.parameters, placesIn(operation.url), input.parameters);
      const url = filled(operation.url, parameters as Readonly<Record<string, string>>);
      const { method, body, expect } = operation;
      const name = method === "GET" ? "http_get" : "http_send";
      const tool = await toolNamed(name, httpKind.name, tools, ctx);
      const json = body === undefined ? {} : { json: filledValue(body, parameters) };
      const answer = Answer.parse(await ctx.tool(tool, method === "GET" ? { url } : { url, method, ...json }));
      if (!expect.includes(answer.status)) throw unexpected(input.operation, answer.status);
      return { status: answer.status, value: valueOf(operation, input.operation, answer) };
    },
  });
};

const unexpected = (operation: string, status: number): PlatformError => {
  const isPassing = status === 408 || status === 429 || status >= 500;
  return new PlatformError("UPSTREAM_FAILED", `${operation}: the service answered with status ${status}`, {
    retryable: isPassing,
    details: { status },
  });
};

const valueOf = (
  { xml, fields }: Operation,
  operation: string,
  { json, text, isCut, omitted }: z.output<typeof Answer>,
): unknown => {
  // Half an answer would be taken for the whole.
  if (isCut === true || omitted !== undefined)
    throw new PlatformError(
      "UPSTREAM_FAILED",
      `${operation}: the answer is not there as a whole: ${omitted ?? "it is too long for its tool"}`,
      {
        retryable: false,
      },
    );
  const value =
    json !== undefined
      ? json
      : xml !== undefined && text !== undefined
        ? readXml(text, new Set(xml.lists))
        : (text ?? null);
  return fields === undefined ? value : mapValue(value, fields);
};
