/** The loop without anything of ours: the provider is asked, the tool called. */
import type { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { INSTRUCTIONS, priceOf, TOOL_DESCRIPTION, TOOL_NAME } from "./loop.ts";

type Model = ReturnType<ReturnType<typeof createOpenAICompatible>["chatModel"]>;

type Options = Parameters<Model["doGenerate"]>[0];

const TOOLS: NonNullable<Options["tools"]> = [
  {
    ...{ type: "function" as const, name: TOOL_NAME, description: TOOL_DESCRIPTION },
    inputSchema: {
      ...{ type: "object" as const, properties: { part: { type: "number" as const } } },
      ...{ required: ["part"], additionalProperties: false },
    },
  },
];

/** Resolves with the model's answer. It is streamed, as `react()` asks for it. */
export const runPlainLoop = async (model: Model, question: string): Promise<string> => {
  const prompt: Options["prompt"] = [
    { role: "system", content: INSTRUCTIONS },
    { role: "user", content: [{ type: "text", text: question }] },
  ];
  for (;;) {
    const { stream } = await model.doStream({ prompt, tools: TOOLS });
    let text = "";
    let call: { readonly toolCallId: string; readonly toolName: string; readonly input: string } | undefined;
    for await (const part of stream) {
      if (part.type === "text-delta") text += part.delta;
      else if (part.type === "tool-call") call = part;
    }
    if (call === undefined) return text;
    const { toolCallId, toolName } = call;
    const input = JSON.parse(call.input) as { readonly part: number };
    const value = JSON.stringify(priceOf(input));
    prompt.push(
      { role: "assistant", content: [{ type: "tool-call", toolCallId, toolName, input }] },
      { role: "tool", content: [{ type: "tool-result", toolCallId, toolName, output: { type: "text", value } }] },
    );
  }
};
