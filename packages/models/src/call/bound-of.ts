import type { ModelRequest } from "@agentcore/contract/authoring";
import { countBytes } from "./count-bytes.ts";

// What providers put around the text: roles and separators (OpenAI: 3 to 5 tokens a message), the wrapping of a tool, and once an instruction of
// their own how to call tools or keep to a schema (Anthropic: up to some 700 tokens).
const PER_REQUEST = 64;
const PER_MESSAGE = 16;
const PER_TOOL = 64;
const FOR_INSTRUCTIONS = 1024;

/** Tokens of input that the request has at most: its bytes, and a margin for what the provider adds. */
export const boundOf = (request: ModelRequest, bytes = countBytes(request)): number => {
  const { messages, tools = [], output } = request;
  const hasInstructions = tools.length > 0 || output !== undefined;
  const calls = messages.reduce((total, { toolCalls = [] }) => total + toolCalls.length, 0);
  return (
    bytes +
    PER_REQUEST +
    (messages.length + calls) * PER_MESSAGE +
    tools.length * PER_TOOL +
    (hasInstructions ? FOR_INSTRUCTIONS : 0)
  );
};
