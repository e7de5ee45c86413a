import type { Tool, ToolContext } from "@agentcore/contract/authoring";

/** A tool that takes anything, and says so without a schema library. */
export const makeTool = (
  name: string,
  execute: (input: never, context: ToolContext) => unknown,
  more: Partial<Tool> = {},
): Tool => ({
  ...{ name, description: name, inputJsonSchema: { type: "object" } },
  input: { "~standard": { version: 1, vendor: "test", validate: (value) => ({ value }) } },
  execute: execute as Tool["execute"],
  ...more,
});
