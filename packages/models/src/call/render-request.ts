/** What we ask, as the AI SDK's providers take it. */
import type { ModelMessage, ModelRequest } from "@agentcore/contract/authoring";
import type {
  JSONSchema7,
  LanguageModelV4CallOptions,
  LanguageModelV4Message,
  LanguageModelV4ToolChoice,
} from "@ai-sdk/provider";
import type { ModelTarget } from "../model-target.ts";
import { isStrictSchema } from "./is-strict-schema.ts";

/** For JSON without a schema: OpenAI refuses it unless a message asks for JSON, and Anthropic has no setting for it. */
export const JSON_INSTRUCTION = "Answer with JSON only.";

export const renderRequest = (
  { maxOutputTokens: most = Number.POSITIVE_INFINITY }: ModelTarget,
  request: ModelRequest,
): LanguageModelV4CallOptions => {
  const { tools = [], output, toolChoice, temperature, topP, stop = [], seed } = request;
  const maxOutputTokens = Math.min(request.maxOutputTokens ?? Number.POSITIVE_INFINITY, most);
  return {
    prompt: renderPrompt(request),
    ...(tools.length === 0
      ? {}
      : {
          tools: tools.map(({ name, description, inputJsonSchema }) => ({
            type: "function" as const,
            name,
            description,
            inputSchema: inputJsonSchema as JSONSchema7,
          })),
          ...(toolChoice === undefined ? {} : { toolChoice: renderToolChoice(toolChoice) }),
        }),
    ...(output === undefined ? {} : renderOutput(output)),
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { topP }),
    ...(stop.length === 0 ? {} : { stopSequences: [...stop] }),
    ...(seed === undefined ? {} : { seed }),
    ...(Number.isFinite(maxOutputTokens) ? { maxOutputTokens } : {}),
  };
};

const renderPrompt = ({ messages, output }: ModelRequest): LanguageModelV4Message[] => {
  const prompt = messages.map(renderMessage);
  if (output === undefined || output.schema !== undefined) return prompt;
  // Behind the system messages that there are: some providers take them at the beginning only.
  const conversation = prompt.findIndex(({ role }) => role !== "system");
  return prompt.toSpliced(conversation < 0 ? prompt.length : conversation, 0, {
    role: "system",
    content: JSON_INSTRUCTION,
  });
};

const renderToolChoice = (choice: NonNullable<ModelRequest["toolChoice"]>): LanguageModelV4ToolChoice =>
  typeof choice === "string" ? { type: choice } : { type: "tool", toolName: choice.name };

const renderOutput = ({
  name,
  schema,
}: NonNullable<ModelRequest["output"]>): Pick<LanguageModelV4CallOptions, "responseFormat" | "providerOptions"> => {
  if (schema === undefined) return { responseFormat: { type: "json" } };
  // OpenAI refuses a schema in strict mode that leaves anything open.
  const strictJsonSchema = isStrictSchema(schema);
  return {
    responseFormat: { type: "json", schema: schema as JSONSchema7, ...(name === undefined ? {} : { name }) },
    providerOptions: {
      openai: { strictJsonSchema },
      openaiCompatible: { strictJsonSchema },
      mistral: { strictJsonSchema },
    },
  };
};

const renderMessage = (message: ModelMessage): LanguageModelV4Message => {
  switch (message.role) {
    case "system":
      return { role: "system", content: message.content };
    case "user":
      return { role: "user", content: [{ type: "text", text: message.content }] };
    case "assistant":
      return {
        role: "assistant",
        content: [
          ...(message.content === "" ? [] : [{ type: "text" as const, text: message.content }]),
          ...(message.toolCalls ?? []).map(({ id, name, input }) => ({
            type: "tool-call" as const,
            toolCallId: id,
            toolName: name,
            input,
          })),
        ],
      };
    case "tool":
      return {
        role: "tool",
        content: [
          {
            type: "tool-result",
            toolCallId: message.toolCallId ?? "",
            toolName: message.toolName ?? "",
            output: { type: "text", value: message.content },
          },
        ],
      };
  }
};
