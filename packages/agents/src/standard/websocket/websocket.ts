import { invalidArgument } from "@agentcore/contract";
import { MessageMatch } from "@agentcore/contract/web-socket";
import { type AgentDefinition, PlatformError, type TaskInput } from "@agentcore/sdk";
import { z } from "zod";
import { filledValue, placesInValue } from "../filled-value.ts";
import { checkedParameters, Parameters } from "../parameters.ts";
import { checkStandard, type StandardKind, type StandardOptions, standardAgent } from "../standard-agent.ts";
import { toolNamed } from "../tool-named.ts";
import { Fields, mapValue } from "../translator/mapping.ts";

const Milliseconds = z.int().min(10).max(600_000);

const Operation = z
  .strictObject({
    /** Of those that the tool has. @default the only one */
    connection: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,62}$/, { error: "expected the name of a connection" })
      .optional(),
    description: z.string().max(500).optional(),
    parameters: Parameters,
    /** A text, or JSON, in which `"{name}"` stands for a parameter. @default nothing is sent: it reads what is pushed */
    send: z.unknown().optional(),
    /** Whether what is sent changes something there. */
    changes: z.boolean().default(true),
    /** What the answer is, as of the tool; `is` may be `"{name}"`. @default the next message */
    answer: z
      .strictObject({
        match: MessageMatch.optional(),
        count: z.int().min(0).max(1_000).optional(),
        until: MessageMatch.optional(),
        quietMs: Milliseconds.optional(),
        forMs: Milliseconds.optional(),
      })
      .default({}),
    /** What of each message goes where. @default all as it is */
    fields: Fields.optional(),
  })
  .superRefine(({ parameters, send, answer }, context) => {
    const refuse = (path: string, message: string): void => context.addIssue({ code: "custom", path: [path], message });
    const taken = new Set([...placesInValue(send), ...placesInValue(answer)]);
    for (const name of taken)
      if (parameters[name] === undefined) refuse("parameters", `{${name}} is no parameter: expected it in parameters`);
    for (const name of Object.keys(parameters))
      if (!taken.has(name)) refuse("parameters", `${name} stands neither in what is sent nor in the answer`);
    for (const name of placesInValue(answer))
      if (parameters[name]?.type === "json" || parameters[name]?.required === false)
        refuse("parameters", `${name} stands in the answer: expected a required text, number or boolean`);
    if (send === undefined && answer.count === 0) refuse("answer", "neither sends nor reads: expected one of them");
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

export const websocketKind: StandardKind<typeof shape> = {
  name: "websocket",
  description:
    "Talks with services over WebSockets by declared operations: parameters go into a message, what answers it comes out by rules",
  latencyMs: { from: 50, to: 30_000 },
  doesNot: [
    "connect to what was not declared",
    "keep a connection between two tasks",
    "tell what is pushed while nobody asks",
  ],
  skills: [
    {
      id: "call-websocket",
      name: "Call a service over a WebSocket",
      description: "Sends a message to a service and gives what answers it as JSON",
      tags: ["connection", "websocket", "api"],
      examples: ["Switch the light in the hall on"],
    },
  ],
  shape,
  model: "never",
  tools: "required",
  example: {
    options: {
      operations: {
        state: {
          changes: false,
          parameters: { entity: {} },
          send: { id: 1, type: "get_state", entity_id: "{entity}" },
          answer: { match: { at: "id", is: 1 } },
          fields: { state: "result.state" },
        },
        prices: { connection: "market", answer: { forMs: 5000 } },
      },
    },
    input: { operation: "state", parameters: { entity: "light.hall" } },
  },
};

export type WebSocketAgentOptions = StandardOptions<typeof shape>;

export interface WebSocketAnswer {
  /** The message, or a list of them where the operation may ask for several; null where it waits for none. */
  readonly value: unknown;
  /** Which of what the operation says came first. */
  readonly ended: string;
}

const Input = z.strictObject({
  operation: z.string().max(64),
  parameters: z.record(z.string().max(64), z.unknown()).default({}),
});

/** What tools for WebSockets answer. */
const Answer = z.object({
  messages: z.array(
    z.object({ json: z.unknown().optional(), text: z.string().optional(), omitted: z.string().optional() }),
  ),
  ended: z.string(),
});

/**
 * An agent that talks with services. It has no way out but its tools: `websocket_read` reads, `websocket_send` sends; both may have a name before theirs, and their own
 * bounds hold. What is said is declared: whoever sends it a task chooses among operations, and gives parameters.
 */
export const websocketAgent = (options: WebSocketAgentOptions): AgentDefinition => {
  const checked = checkStandard(websocketKind, options);
  const { operations, tools = [] } = checked;
  return standardAgent(websocketKind, checked, {
    input: Input,
    tools,
    // An operation that changes something is not done twice for the asking.
    idempotent: Object.values(operations).every(({ send, changes }) => send === undefined || !changes),
    async run({ input }: TaskInput<z.output<typeof Input>>, ctx): Promise<WebSocketAnswer> {
      const operation = Object.hasOwn(operations, input.operation) ? operations[input.operation] : undefined;
      if (operation === undefined)
        throw invalidArgument("the request", [
          { field: "operation", description: `expected one of ${Object.keys(operations).join(", ")}` },
        ]);
      const parameters = checkedParameters(operation.parameters, [], input.parameters);
      const { connection, send } = operation;
      const tool = await toolNamed(
        send === undefined ? "websocket_read" : "websocket_send",
        websocketKind.name,
        tools,
        ctx,
      );
      const message = send === undefined ? undefined : filledValue(send, parameters);
      const asked = {
        ...(connection === undefined ? {} : { connection }),
        ...(message === undefined ? {} : typeof message === "string" ? { text: message } : { json: message }),
        ...(filledValue(operation.answer, parameters) as Operation["answer"]),
      };
      return answerOf(operation, input.operation, Answer.parse(await ctx.tool(tool, asked)));
    },
  });
};

const answerOf = (
  { answer: { count, until, quietMs, forMs }, fields }: Operation,
  operation: string,
  { messages, ended }: z.output<typeof Answer>,
): WebSocketAnswer => {
  const omitted = messages.find((message) => message.omitted !== undefined)?.omitted;
  // Half an answer would be taken for the whole.
  if (ended === "full" || omitted !== undefined)
    throw new PlatformError(
      "UPSTREAM_FAILED",
      `${operation}: the answer is not there as a whole: ${omitted ?? "it is too long for its tool"}`,
      { retryable: false },
    );
  const values = messages.map(({ json, text }, index) => {
    const value = json === undefined ? (text ?? null) : json;
    return fields === undefined ? value : mapValue(value, fields, `messages[${index}].`);
  });
  const isOne = until === undefined && quietMs === undefined && forMs === undefined && (count ?? 1) <= 1;
  return { value: isOne ? (values[0] ?? null) : values, ended };
};
