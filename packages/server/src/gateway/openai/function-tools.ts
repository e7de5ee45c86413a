/** Functions that a model may call and its client runs, as the requests of OpenAI's API have them, and what they are to a model. */
import { PlatformError } from "@agentcore/contract";
import type { ModelMessage, ModelToolCall, Tool } from "@agentcore/contract/authoring";
import { z } from "zod";
import { parseJson } from "../http/parse-json.ts";
import { JsonObject } from "./request-members.ts";

// OpenAI's own.
const MAX_TOOLS = 128;

/** Source: OpenAI's API. */
export const FunctionName = z
  .string({ error: "expected a name" })
  .regex(/^[A-Za-z0-9_-]{1,64}$/, { error: "expected 1 to 64 letters, digits, _ and -" });

export const FunctionType = z.literal("function", { error: "expected function: no other tool is run here" });

export const ToolMode = z.enum(["none", "auto", "required"]);

export const FunctionMembers = {
  name: FunctionName,
  description: z.string().nullish(),
  parameters: JsonObject.nullish(),
};

export const toolList = <T extends z.ZodType>(tool: T) =>
  z.array(tool).max(MAX_TOOLS, { error: `expected at most ${MAX_TOOLS} tools` });

/** What a model is shown of a tool; the client runs it, and judges its input. */
export const toTool = ({
  name,
  description,
  parameters,
}: {
  readonly name: string;
  readonly description?: string | null | undefined;
  readonly parameters?: Readonly<Record<string, unknown>> | null | undefined;
}): Tool => ({
  name,
  description: description ?? "",
  input: { "~standard": { version: 1, vendor: "agentcore", validate: (value) => ({ value }) } },
  inputJsonSchema: parameters ?? { type: "object", properties: {} },
  execute() {
    throw new PlatformError("UNSUPPORTED_OPERATION", `tool ${name} is run by the client that named it`);
  },
});

/** Arguments that are no JSON stay text, as they came from a model. */
export const toToolCall = (id: string, name: string, text: string): ModelToolCall => {
  try {
    return { id, name, input: parseJson(text === "" ? "{}" : text) };
  } catch {
    return { id, name, input: text };
  }
};

export const argumentsOf = ({ input }: ModelToolCall): string =>
  typeof input === "string" ? input : JSON.stringify(input ?? {});

/** Names of the tools that results are of, as far as the messages so far have asked for them. */
export class ToolNames {
  private readonly names = new Map<string, string>();

  add(calls: readonly ModelToolCall[]): void {
    for (const { id, name } of calls) this.names.set(id, name);
  }

  /** Throws INVALID_ARGUMENT: `field` is where the id stands. */
  of(id: string, field: string): string {
    const name = this.names.get(id);
    if (name !== undefined) return name;
    throw new PlatformError(
      "INVALID_ARGUMENT",
      `the body is not valid: ${field}: no message before it has a call of that id`,
      {
        violations: [{ field, description: "expected the id of a call in a message before" }],
      },
    );
  }
}

/** Adds what an assistant asked of tools to what it said just before. */
export const addToolCalls = (messages: ModelMessage[], calls: readonly ModelToolCall[]): void => {
  const last = messages.at(-1);
  if (last?.role === "assistant")
    messages[messages.length - 1] = { ...last, toolCalls: [...(last.toolCalls ?? []), ...calls] };
  else messages.push({ role: "assistant", content: "", toolCalls: calls });
};
