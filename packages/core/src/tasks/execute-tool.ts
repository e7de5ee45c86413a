import { PlatformError } from "@agentcore/contract";
import type { Tool, ToolContext } from "@agentcore/contract/authoring";
import { parseToolInput } from "./parse-tool-input.ts";
import { describeViolation, violationsOf } from "./schema-issues.ts";

/** One try of a tool, between its schemas. Throws INVALID_ARGUMENT, OUTPUT_MISMATCH, and what the tool throws. */
export const executeTool = async (tool: Tool, input: unknown, context: ToolContext): Promise<unknown> => {
  const { value } = await parseToolInput(tool, input);
  return checkedOutput(tool, await tool.execute(value, context));
};

/** Throws OUTPUT_MISMATCH. */
export const checkedOutput = async ({ name, output }: Tool, result: unknown): Promise<unknown> => {
  if (output === undefined) return result;
  const judged = await output["~standard"].validate(result);
  if (judged.issues === undefined) return judged.value;
  const violations = violationsOf(judged.issues);
  const [first] = violations;
  throw new PlatformError(
    "OUTPUT_MISMATCH",
    `tool ${name} came to a result that its output schema refuses${first === undefined ? "" : `: ${describeViolation(first)}`}`,
    { violations },
  );
};
