import type { Context, ModelMessage, ModelRequest, ModelResponse, ModelToolCall } from "@agentcore/contract/authoring";
import { TerminalError } from "@agentcore/contract/errors";

export interface AskOptions extends Pick<ModelRequest, "tools" | "toolChoice" | "output" | "key" | "artifact"> {
  /** @default the agent's */
  readonly model?: string | undefined;
}

/**
 * Asks the model, and gives an answer that can be worked with: ids of its tool calls differ. Throws TerminalError for one that the model's bound of
 * output, or its provider's filter, cut off: half an answer is none.
 */
export const askModel = async (
  ctx: Context,
  messages: readonly ModelMessage[],
  { model, tools, ...options }: AskOptions = {},
): Promise<ModelResponse> => {
  const response = await ctx.model({
    // A copy: the list grows while whoever was handed it may still be looking at it.
    messages: [...messages],
    ...(model === undefined ? {} : { model }),
    ...(tools === undefined || tools.length === 0 ? {} : { tools }),
    ...options,
  });
  if (response.finishReason === "length")
    throw new TerminalError(
      `the model's answer was cut off after ${response.usage.outputTokens} tokens, its bound of output; raise that, or ask for less`,
    );
  if (response.finishReason === "content-filter")
    throw new TerminalError("the model's provider filtered its answer; change the instructions or the input");
  return { ...response, toolCalls: withDistinctIds(response.toolCalls) };
};

// They stand in the paths of journaled calls, and those are bounded.
const MAX_ID_LENGTH = 256;

/** Some endpoints leave ids empty or repeat them within a turn; they are the keys of journaled calls and must differ. */
const withDistinctIds = (calls: readonly ModelToolCall[]): ModelToolCall[] => {
  const seen = new Set<string>();
  return calls.map((call, index) => {
    const given = call.id.slice(0, MAX_ID_LENGTH);
    const id = given === "" || seen.has(given) ? `${given || "call"}-${index}` : given;
    seen.add(id);
    return { ...call, id };
  });
};
