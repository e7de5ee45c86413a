import type { ModelMessage, Schema, StrategySpec, TaskInput } from "@agentcore/contract/authoring";
import { OUTSIDE_TEXT_RULE } from "./outside-text.ts";
import { answerRule } from "./read-answer.ts";

export interface OpeningOptions {
  /** Between the agent's instructions and what the platform adds. */
  readonly rules?: readonly string[] | undefined;
  /** Of the answer that is asked for. @default text */
  readonly output?: Schema | undefined;
}

/** What a model is told first: the agent's instructions and the rules as the system's message, and what the user says. */
export const opening = (
  { instructions, tools }: Pick<StrategySpec, "instructions" | "tools">,
  user: string,
  { rules = [], output }: OpeningOptions = {},
): ModelMessage[] => {
  const lines = [
    ...(instructions === undefined ? [] : [instructions]),
    ...rules,
    ...(tools.length === 0 ? [] : [OUTSIDE_TEXT_RULE]),
    ...(output === undefined ? [] : [answerRule(output)]),
  ];
  const system = lines.length === 0 ? [] : [{ role: "system" as const, content: lines.join("\n\n") }];
  return [...system, { role: "user", content: user }];
};

/** A task's input as a model reads it. */
export const inputText = ({ input }: Pick<TaskInput<unknown>, "input">): string =>
  typeof input === "string" ? input : (JSON.stringify(input) ?? "");
