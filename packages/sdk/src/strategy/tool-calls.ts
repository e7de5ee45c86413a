/** Runs the tools that a model calls, and tells it what came of them. */
import type { Context, ModelMessage, ModelToolCall, Tool } from "@agentcore/contract/authoring";
import { type ErrorCode, PlatformError } from "@agentcore/contract/errors";
import { describe } from "../author-mistake.ts";
import { formatViolations, validate } from "../schema.ts";
import { asData } from "./outside-text.ts";

// What a tool's own code, the service behind it, or who has to allow it can say. Anything else, such as a cancel or a lost lease, ends the run.
const TOLD_TO_MODEL: ReadonlySet<ErrorCode> = new Set([
  "AGENT_FAILED",
  "INVALID_ARGUMENT",
  "NOT_FOUND",
  "CONFLICT",
  "PERMISSION_DENIED",
  "UPSTREAM_FAILED",
  "OUTCOME_UNKNOWN",
  "LIMIT_REACHED",
]);
// Some 10,000 tokens: more of one tool leaves no room for the others.
const MAX_RESULT_CHARACTERS = 40_000;

/** Of one run: it keeps in mind which tools the model has called with input that does not fit. */
export class ToolCalls {
  private readonly ctx: Context;
  private readonly tools: readonly Tool[];
  private readonly key: string | undefined;
  /** Names whose last call did not fit, as the model was told. */
  private unfit: ReadonlySet<string> = new Set();

  /** `key`: tells conversations of one task apart that are under way at once. */
  constructor(ctx: Context, tools: readonly Tool[], key?: string) {
    this.ctx = ctx;
    this.tools = tools;
    this.key = key;
  }

  /**
   * All calls of a turn, at once; a message for the model on each, in their order. The model is told of input that does not fit with what was expected, and
   * of a tool that there is not; when its next call of that name does not fit either, it is refused. What a tool fails with it is told as well.
   */
  async run(calls: readonly ModelToolCall[]): Promise<readonly ModelMessage[]> {
    const unfit = new Set(this.unfit);
    const mistakes: (string | null)[] = [];
    // One after the other, so that a replay judges them in the same order.
    for (const call of calls) {
      const mistake = await this.mistakeIn(call);
      if (mistake === null) unfit.delete(call.name);
      else unfit.add(call.name);
      mistakes.push(mistake === null ? null : this.answerTo(call, mistake));
    }
    this.unfit = unfit;
    return Promise.all(
      calls.map(async (call, index) => ({
        role: "tool" as const,
        content: mistakes[index] ?? (await this.resultOf(call)),
        toolCallId: call.id,
        toolName: call.name,
      })),
    );
  }

  private toolOf(call: ModelToolCall): Tool | undefined {
    return this.tools.find(({ name }) => name === call.name);
  }

  private async mistakeIn(call: ModelToolCall): Promise<string | null> {
    const tool = this.toolOf(call);
    if (tool === undefined)
      return `there is no tool ${describe(call.name)}. Tools: ${this.tools.map(({ name }) => name).join(", ") || "none"}.`;
    const input = await validate(tool.input, call.input);
    return input.ok ? null : `the input does not fit.\n${formatViolations(input.violations)}`;
  }

  private answerTo(call: ModelToolCall, mistake: string): string {
    const tool = this.toolOf(call)?.name ?? "unknown";
    const choice = this.ctx.decide(`tool-input:${tool}`, () => ({
      choice: this.unfit.has(call.name) ? ("refuse" as const) : ("repair" as const),
      reasons: [mistake],
    }));
    if (choice === "repair") return `Error: ${mistake}\nCall it once more with input that fits.`;
    return `Error: refused, since its input does not fit for the second time. Go on without ${describe(call.name)}.`;
  }

  private async resultOf(call: ModelToolCall): Promise<string> {
    const tool = this.toolOf(call) as Tool;
    try {
      // The value itself is parsed by ctx.tool; twice would break schemas that transform.
      const result = await this.ctx.tool(tool, call.input, {
        key: this.key === undefined ? call.id : `${this.key}/${call.id}`,
      });
      return asData(tool.name, shortened(typeof result === "string" ? result : (JSON.stringify(result) ?? "null")));
    } catch (error) {
      if (PlatformError.is(error) && !TOLD_TO_MODEL.has(error.code)) throw error;
      const message = error instanceof Error ? error.message : String(error);
      return `Error: the tool failed.\n${asData(tool.name, shortened(message))}`;
    }
  }
}

const shortened = (text: string): string => {
  const rest = text.length - MAX_RESULT_CHARACTERS;
  return rest <= 0 ? text : `${text.slice(0, MAX_RESULT_CHARACTERS)}\n[${rest} more characters are left out]`;
};
