/** What a model says, put together from a whole answer or from the parts of a stream. */
import type { ModelResponse, ModelToolCall } from "@agentcore/contract/authoring";
import { PlatformError } from "@agentcore/contract/errors";
import type {
  LanguageModelV4FinishReason,
  LanguageModelV4GenerateResult,
  LanguageModelV4StreamPart,
  LanguageModelV4ToolCall,
  LanguageModelV4Usage,
} from "@ai-sdk/provider";
import { AnswerFailure, toAnswerFailure } from "./answer-failure.ts";

/** As a result may have: text, reasoning and input of tools together. */
const MAX_ANSWER_MIB = 16;
const MAX_ANSWER_BYTES = MAX_ANSWER_MIB * 1024 * 1024;

export interface AnswerParts {
  /** UTF-8 bytes of all that has come. */
  readonly receivedBytes: number;
  addResult(result: LanguageModelV4GenerateResult): void;
  addPart(part: LanguageModelV4StreamPart): void;
  /** Throws AnswerFailure when the stream ended before its end. */
  finishStream(): void;
  response(): Omit<ModelResponse, "usage">;
  readonly usage: LanguageModelV4Usage | undefined;
}

interface AnswerListener {
  /** The first of what the model says, be it text, reasoning or a call of a tool. */
  readonly onFirstToken?: () => void;
  readonly onText?: ((text: string) => void) | undefined;
}

/** Throws TOO_LARGE over 16 MiB. */
export const createAnswerParts = (host: string, { onFirstToken, onText }: AnswerListener = {}): AnswerParts => {
  const texts: string[] = [];
  const toolCalls: ModelToolCall[] = [];
  // Tool calls whose input has come in pieces, which were counted.
  const streamed = new Set<string>();
  let finish: { readonly finishReason: LanguageModelV4FinishReason; readonly usage: LanguageModelV4Usage } | undefined;
  let receivedBytes = 0;

  const receive = (text: string): void => {
    if (text === "") return;
    if (receivedBytes === 0) onFirstToken?.();
    receivedBytes += Buffer.byteLength(text);
    if (receivedBytes > MAX_ANSWER_BYTES)
      throw new PlatformError("TOO_LARGE", `the answer of ${host} is over ${MAX_ANSWER_MIB} MiB`);
  };
  const addText = (text: string): void => {
    receive(text);
    if (text === "") return;
    texts.push(text);
    onText?.(text);
  };
  const addToolCall = ({ toolCallId, toolName, input }: LanguageModelV4ToolCall): void => {
    if (!streamed.has(toolCallId)) receive(toolName + input);
    toolCalls.push({ id: toolCallId, name: toolName, input: parseInput(input) });
  };

  return {
    get receivedBytes() {
      return receivedBytes;
    },
    get usage() {
      return finish?.usage;
    },
    addResult(result) {
      for (const part of result.content) {
        if (part.type === "text") addText(part.text);
        else if (part.type === "tool-call") addToolCall(part);
        else if (part.type === "reasoning") receive(part.text);
      }
      finish = result;
    },
    addPart(part) {
      switch (part.type) {
        case "text-delta":
          return addText(part.delta);
        case "reasoning-delta":
          return receive(part.delta);
        case "tool-input-start":
          streamed.add(part.id);
          return receive(part.toolName);
        case "tool-input-delta":
          return receive(part.delta);
        case "tool-call":
          return addToolCall(part);
        case "finish":
          finish = part;
          return;
        case "error":
          throw toAnswerFailure(part.error);
        default:
          return;
      }
    },
    finishStream() {
      // What the packages say when the provider has not said that it is done.
      const { unified, raw } = finish?.finishReason ?? { unified: "interrupted", raw: undefined };
      if (unified === "interrupted" || (raw === undefined && (unified === "other" || unified === "error")))
        throw new AnswerFailure("the stream ended before the answer did");
    },
    response: () => {
      const reason = finish?.finishReason.unified ?? "other";
      return {
        text: texts.join(""),
        toolCalls,
        finishReason: reason === "interrupted" ? "other" : reason,
      };
    },
  };
};

/** Input that is no JSON stays its text; the tool's schema will refuse it and the model be told. */
const parseInput = (input: string): unknown => {
  if (input.trim() === "") return {};
  try {
    return JSON.parse(input);
  } catch {
    return input;
  }
};
