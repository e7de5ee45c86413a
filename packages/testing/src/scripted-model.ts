import { PlatformError } from "@agentcore/contract";
import type { ModelRequest, ModelResponse } from "@agentcore/contract/authoring";
import type { ModelProvider } from "@agentcore/core/ports";

/** An answer of the model, or only its text or tool calls. */
export type ScriptedAnswer = string | Partial<ModelResponse>;
/** Answers in order, or a function of the request. */
export type ModelScript =
  | readonly ScriptedAnswer[]
  | ((request: ModelRequest & { readonly model: string }) => ScriptedAnswer | Promise<ScriptedAnswer>);

/** `answered`: how many answers are in the log when this process starts; the list goes on from there. */
export const createScriptedModel = (script: ModelScript, answered: number): ModelProvider => {
  let given = answered;
  return {
    grant: () => Promise.reject(new PlatformError("UNSUPPORTED_OPERATION", "a scripted model has no budgets")),
    async generate(request) {
      if (typeof script === "function") return { response: complete(await script(request)) };
      const answer = script[given];
      given += 1;
      if (answer === undefined) {
        throw new PlatformError(
          "MODEL_NOT_CONFIGURED",
          `the scripted model was asked ${given} times but has ${script.length} answers; add one to \`model\``,
        );
      }
      return { response: complete(answer) };
    },
  };
};

const complete = (answer: ScriptedAnswer): ModelResponse => {
  const response = typeof answer === "string" ? { text: answer } : answer;
  const toolCalls = response.toolCalls ?? [];
  return {
    text: response.text ?? "",
    toolCalls,
    finishReason: response.finishReason ?? (toolCalls.length > 0 ? "tool-calls" : "stop"),
    usage: response.usage ?? { inputTokens: 0, outputTokens: 0 },
  };
};
