/** A model with tools, turn by turn, until it answers: what strategies that let a model act are made of. */
import type { Context, ModelMessage, Schema, Tool } from "@agentcore/contract/authoring";
import { TerminalError } from "@agentcore/contract/errors";
import { type AskOptions, askModel } from "./ask-model.ts";
import { outputMismatch, readAnswer, repairRequest } from "./read-answer.ts";
import { RepeatedCalls } from "./repeated-calls.ts";
import { ToolCalls } from "./tool-calls.ts";

export interface ConverseOptions<Output> {
  /** @default the agent's */
  readonly model?: string | undefined;
  readonly tools: readonly Tool[];
  /** The answer is parsed as JSON and held against it; without one it is the model's text. */
  readonly output?: Schema<Output> | undefined;
  /** Model calls at most; a repair of the answer comes on top. From 1. */
  readonly maxTurns: number;
  /** After `maxTurns`, or when the model goes round: it fails, or the model is asked for an answer from what it knows, without tools. @default "fail" */
  readonly atLimit?: "fail" | "answer" | undefined;
  /** The text of each turn is shown as it comes, as the task's output; the next takes its place. Not with an output schema. @default false */
  readonly stream?: boolean | undefined;
  /** Tells conversations of one task apart that are under way at once. */
  readonly key?: string | undefined;
}

// What a task's output is shown as when it has ended: of the same text nobody is told twice.
const OUTPUT = { id: "output", name: "output" } as const;
const SAME_AGAIN =
  "You have called this three times with the same input and got the same each time. Calling it again changes nothing: do something else, or answer.";
const OUT_OF_TURNS = "You may call no more tools. Answer now from what you know, and say what is missing.";

/**
 * Asks, runs the tools that the model calls, tells it the results, until it calls none; `messages` grow by all of it. Throws TerminalError when
 * `maxTurns` calls brought no answer, LOOP_DETECTED when the model goes on with calls that it was told change nothing, OUTPUT_MISMATCH when the answer does not
 * fit `output` after one repair, and what `askModel` throws.
 */
export const converse = async <Output>(
  ctx: Context,
  messages: ModelMessage[],
  { model, tools, output, maxTurns, atLimit = "fail", stream = false, key }: ConverseOptions<Output>,
): Promise<Output> => {
  const toolCalls = new ToolCalls(ctx, tools, key);
  const asking: AskOptions = {
    ...{ model, tools },
    ...(key === undefined ? {} : { key }),
    ...(stream && output === undefined ? { artifact: OUTPUT } : {}),
  };
  const withoutTools: AskOptions = tools.length === 0 ? asking : { ...asking, toolChoice: "none" };
  const answerWith = async (text: string): Promise<Output> => {
    messages.push({ role: "assistant", content: text });
    // Without a schema the type is `string` by its default, or the author's own promise.
    if (output === undefined) return text as Output;
    const answer = await readAnswer(output, text);
    if (answer.ok) return answer.value;
    messages.push({ role: "user", content: repairRequest(answer.violations) });
    const repaired = await askModel(ctx, messages, withoutTools);
    messages.push({ role: "assistant", content: repaired.text });
    const again = await readAnswer(output, repaired.text);
    if (again.ok) return again.value;
    throw outputMismatch(again.violations);
  };

  const stop = async (failure: TerminalError): Promise<Output> => {
    if (atLimit === "fail") throw failure;
    messages.push({ role: "user", content: OUT_OF_TURNS });
    return answerWith((await askModel(ctx, messages, withoutTools)).text);
  };

  const repeated = new RepeatedCalls(ctx);
  for (let turn = 1; turn <= maxTurns; turn += 1) {
    const response = await askModel(ctx, messages, asking);
    if (response.toolCalls.length === 0) return answerWith(response.text);
    messages.push({ role: "assistant", content: response.text, toolCalls: response.toolCalls });
    const results = await toolCalls.run(response.toolCalls);
    messages.push(...results);
    const verdict = repeated.judge(response.toolCalls, results);
    if (verdict === "stop") return stop(repeated.failure(response.toolCalls));
    if (verdict === "tell") messages.push({ role: "user", content: SAME_AGAIN });
  }
  const reason = `the model still called tools after ${maxTurns} turns`;
  ctx.decide("out-of-turns", () => ({ choice: atLimit, reasons: [reason] }));
  return stop(new TerminalError(`${reason}; raise maxTurns or tighten the instructions`));
};
