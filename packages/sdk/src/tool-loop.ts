/**
 * The plain loop of a model with tools: ask, run the tools it calls, tell it the results, until it calls none.
 * Every wait goes through `ctx`, so a crash continues it without paying for a recorded turn again.
 */
import type {
  Context,
  ModelMessage,
  ModelResponse,
  ModelToolCall,
  Schema,
  TaskInput,
  Tool,
} from "@agentcore/contract/authoring";
import { type ErrorCode, PlatformError, TerminalError } from "@agentcore/contract/errors";
import { deriveJsonSchema } from "./derive-json-schema.ts";
import { formatViolations, type Validated, validate } from "./schema.ts";

export interface ToolLoopOptions<Output> {
  /** @default the agent's model */
  readonly model?: string | undefined;
  readonly instructions?: string | undefined;
  readonly tools?: readonly Tool[] | undefined;
  /** The answer is parsed as JSON and held against it; without one it is the model's text. */
  readonly output?: Schema<Output> | undefined;
  /** Model calls at most; a repair of the answer comes on top. @default 10 */
  readonly maxTurns?: number | undefined;
}

/**
 * Makes a `run`. It throws TerminalError when `maxTurns` calls brought no answer, and OUTPUT_MISMATCH when the answer
 * does not fit `output` after one repair. Unknown tools, input a tool's schema refuses, and failures of a tool's own
 * code are told to the model as the tool's result.
 */
export const toolLoop =
  <Output = string>(options: ToolLoopOptions<Output>) =>
  async (task: Pick<TaskInput<unknown>, "input">, ctx: Context): Promise<Output> => {
    const { model, tools = [], output, maxTurns = 10 } = options;
    const messages: ModelMessage[] = [...systemMessages(options), { role: "user", content: asText(task.input) }];
    const ask = async (): Promise<ModelResponse> => {
      const response = await ctx.model({
        // A copy: the list grows while whoever was handed it may still be looking at it.
        messages: [...messages],
        ...(model === undefined ? {} : { model }),
        ...(tools.length === 0 ? {} : { tools }),
      });
      return { ...response, toolCalls: withDistinctIds(response.toolCalls) };
    };

    let repaired = false;
    for (let turn = 1; turn <= maxTurns || repaired; turn += 1) {
      const response = await ask();
      if (response.toolCalls.length > 0 && !(repaired && turn > maxTurns)) {
        messages.push({ role: "assistant", content: response.text, toolCalls: response.toolCalls });
        messages.push(...(await Promise.all(response.toolCalls.map((call) => runTool(tools, call, ctx)))));
        continue;
      }
      // Without a schema the type is `string` by its default, or the author's own promise.
      if (output === undefined) return response.text as Output;
      const answer = await readAnswer(output, response.text);
      if (answer.ok) return answer.value;
      if (repaired) throw outputMismatch(answer.violations);
      repaired = true;
      messages.push({ role: "assistant", content: response.text });
      messages.push({ role: "user", content: repairRequest(answer.violations) });
    }
    throw new TerminalError(
      `the model still called tools after ${maxTurns} turns; raise maxTurns or tighten the instructions`,
    );
  };

const systemMessages = ({ instructions, output }: ToolLoopOptions<unknown>): ModelMessage[] => {
  const lines = instructions === undefined ? [] : [instructions];
  if (output !== undefined) lines.push(`Give your final answer as JSON and nothing else${schemaHint(output)}.`);
  return lines.length === 0 ? [] : [{ role: "system", content: lines.join("\n\n") }];
};

const schemaHint = (output: Schema): string => {
  try {
    const schema = deriveJsonSchema(output);
    return schema === undefined ? "" : `, fitting this JSON Schema: ${JSON.stringify(schema)}`;
  } catch {
    return ""; // JSON Schema has no words for this type: the violations will tell the model
  }
};

const asText = (value: unknown): string => (typeof value === "string" ? value : (JSON.stringify(value) ?? ""));

/** Some endpoints leave ids empty or repeat them within a turn; they are the keys of journaled calls and must differ. */
const withDistinctIds = (calls: readonly ModelToolCall[]): ModelToolCall[] => {
  const seen = new Set<string>();
  return calls.map((call, index) => {
    const id = call.id === "" || seen.has(call.id) ? `${call.id || "call"}-${index}` : call.id;
    seen.add(id);
    return { ...call, id };
  });
};

// What a tool's own code or the service behind it can fail with. Anything else, such as a cancel or a lost lease, ends the run.
const TOLD_TO_MODEL: ReadonlySet<ErrorCode> = new Set([
  "AGENT_FAILED",
  "INVALID_ARGUMENT",
  "NOT_FOUND",
  "CONFLICT",
  "PERMISSION_DENIED",
  "UPSTREAM_FAILED",
]);

const runTool = async (tools: readonly Tool[], call: ModelToolCall, ctx: Context): Promise<ModelMessage> => {
  const tell = (content: string): ModelMessage => ({
    role: "tool",
    content,
    toolCallId: call.id,
    toolName: call.name,
  });
  const tool = tools.find(({ name }) => name === call.name);
  if (tool === undefined) {
    return tell(
      `Error: there is no tool "${call.name}". Tools: ${tools.map(({ name }) => name).join(", ") || "none"}.`,
    );
  }
  const input = await validate(tool.input, call.input);
  // The value itself is parsed by ctx.tool; twice would break schemas that transform.
  if (!input.ok) return tell(`Error: the input does not fit.\n${formatViolations(input.violations)}`);
  try {
    return tell(asText((await ctx.tool(tool, call.input, { key: call.id })) ?? null));
  } catch (error) {
    if (PlatformError.is(error) && !TOLD_TO_MODEL.has(error.code)) throw error;
    return tell(`Error: ${error instanceof Error ? error.message : String(error)}`);
  }
};

const readAnswer = <Output>(output: Schema<Output>, text: string): Validated<Output> | Promise<Validated<Output>> => {
  // Models like to fence their JSON, whatever they were told.
  const fenced = /```(?:json)?\s*\n([\s\S]*?)\n\s*```/.exec(text);
  let json: unknown;
  try {
    json = JSON.parse(fenced?.[1] ?? text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { ok: false, violations: [{ field: "", description: `expected JSON: ${reason}` }] };
  }
  return validate(output, json);
};

type Violations = Extract<Validated<unknown>, { ok: false }>["violations"];

const repairRequest = (violations: Violations): string =>
  `Your answer does not fit:\n${formatViolations(violations)}\nAnswer again with JSON and nothing else.`;

const outputMismatch = (violations: Violations): PlatformError => {
  const first = violations[0];
  const where = first === undefined ? "" : `: ${first.field === "" ? "" : `${first.field}: `}${first.description}`;
  return new PlatformError("OUTPUT_MISMATCH", `the model's answer does not fit the output schema${where}`, {
    violations,
  });
};
