import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, isStepCount, tool } from "ai";
import { z } from "zod";

/** The AI SDK's own loop, on the provider at `url`. */
export const startLoops = async ({ loop, url }) => {
  const model = createOpenAICompatible({ name: "loop", baseURL: url }).chatModel(loop.MODEL);
  const price = tool({
    description: loop.TOOL_DESCRIPTION,
    inputSchema: z.object({ part: z.number() }),
    execute: loop.priceOf,
  });
  let steps = 0;
  return {
    notes: [
      "AI SDK: generateText with tools and stopWhen: isStepCount(n), in a process of its own; it writes nothing down",
    ],
    run: async () => {
      const result = await generateText({
        ...{ model, system: loop.INSTRUCTIONS, prompt: loop.QUESTION },
        tools: { [loop.TOOL_NAME]: price },
        stopWhen: isStepCount(loop.TURNS),
      });
      for (const { toolResults } of result.steps) steps += 1 + toolResults.length;
      return result.text;
    },
    // Nothing is stored: what it says itself.
    countSteps: async () => steps,
    close: async () => {},
  };
};
