import type { ModelRequest } from "@agentcore/contract/authoring";
import { TOKENS_PER_MESSAGE, TOKENS_PER_TOOL } from "@agentcore/contract/tokens";
import { countBytes } from "./count-bytes.ts";

const PER_REQUEST = 64;
// Once, a provider's own instruction how to call tools or keep to a schema (Anthropic: up to some 700 tokens).
const FOR_INSTRUCTIONS = 1024;

/** Tokens of input that the request has at most: its bytes, and a margin for what the provider adds. */
export const boundOf = (request: ModelRequest, bytes = countBytes(request)): number => {
  const { messages, tools = [], output } = request;
  const hasInstructions = tools.length > 0 || output !== undefined;
  const calls = messages.reduce((total, { toolCalls = [] }) => total + toolCalls.length, 0);
  return (
    bytes +
    PER_REQUEST +
    (messages.length + calls) * TOKENS_PER_MESSAGE +
    tools.length * TOKENS_PER_TOOL +
    (hasInstructions ? FOR_INSTRUCTIONS : 0)
  );
};
