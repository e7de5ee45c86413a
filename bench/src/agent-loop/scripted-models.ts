/** The loop's model in process: it answers at once, without a network and without a gateway. */
import type { ModelProvider } from "@agentcore/core/ports";
import { ANSWER_TEXT, callAfter, MODEL } from "./loop.ts";

const USAGE = { inputTokens: 100, outputTokens: 10 };

export const scriptedModels: ModelProvider = {
  generate: async ({ messages }) => {
    const call = callAfter(messages.filter(({ role }) => role === "tool").length);
    return {
      response: {
        text: call === null ? ANSWER_TEXT : "",
        toolCalls: call === null ? [] : [call],
        usage: USAGE,
        finishReason: call === null ? "stop" : "tool-calls",
        model: MODEL,
      },
    };
  },
  grant: () => Promise.reject(new Error("no budgets here")),
};
