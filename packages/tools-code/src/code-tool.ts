/** What the tools of both languages have in common. */
import type { CodeLimits, CodeOptions, CodeResult, HostFunction } from "@agentcore/sandbox";
import { type Tool, tool } from "@agentcore/sdk";
import { z } from "zod";

export interface CodeToolOptions {
  readonly name?: string;
  /** Tells a model when to use it. What the code finds, and how it gives a result, is added. */
  readonly description?: string;
  /** @default those of the sandbox */
  readonly limits?: Partial<CodeLimits>;
  /** What the code may call besides: each runs with all that the agent's process may do, on input that a model wrote. @default none */
  readonly functions?: Readonly<Record<string, HostFunction>>;
}

export interface CodeInput {
  readonly code: string;
  readonly input?: unknown;
}

/** That code fails is an answer: the model reads why, and may write it anew. */
export type CodeToolOutput =
  | { readonly value: unknown; readonly output: string }
  | { readonly error: string; readonly limit?: string; readonly output: string };

export interface Language {
  readonly name: string;
  readonly description: string;
  /** How code is written for it. */
  readonly rules: string;
  run(code: string, options: CodeOptions): Promise<CodeResult>;
}

const INPUT = z.object({
  code: z.string().min(1).max(100_000).describe("the code to run"),
  input: z.json().optional().describe("data for the code, which finds it as `input`"),
});

export const codeTool = (language: Language, options: CodeToolOptions): Tool<CodeInput, CodeToolOutput> => {
  const { limits, functions = {} } = options;
  const names = Object.keys(functions);
  const calls = names.length === 0 ? "" : ` It may \`await call(name, input)\` for: ${names.join(", ")}.`;
  return tool<CodeInput, CodeToolOutput>({
    name: options.name ?? language.name,
    description: `${options.description ?? language.description} ${language.rules}${calls}`,
    input: INPUT,
    async execute({ code, input }, { signal }) {
      return told(await language.run(code, { input, limits, functions, signal }));
    },
  });
};

const told = (result: CodeResult): CodeToolOutput => {
  const { output } = result;
  if (result.ok) return { value: result.value, output };
  const { error, limit } = result;
  const text = error.trace ?? `${error.name}: ${error.message}`;
  return { error: text, ...(limit === undefined ? {} : { limit }), output };
};
