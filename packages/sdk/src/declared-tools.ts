import type { Context, DeclaredTools, Tool } from "@agentcore/contract/authoring";
import { authorMistake, describe } from "./author-mistake.ts";
import { NAME_PATTERN } from "./check-agent.ts";

/** All tools that the Tool manifest of that name declares, for an agent's `tools`. Throws INVALID_ARGUMENT. */
export const declaredTools = (name: string): DeclaredTools => {
  if (typeof name !== "string" || !NAME_PATTERN.test(name))
    throw authorMistake("declaredTools()", "name", `expected the name of a Tool manifest, got ${describe(name)}`);
  return Object.freeze({ declared: name });
};

export const isTool = (tool: Tool | DeclaredTools): tool is Tool => !("declared" in tool);

/** The tools themselves: those of manifests as they are now, each manifest asked for in a step. */
export const toolsOf = async (tools: readonly (Tool | DeclaredTools)[], ctx: Context): Promise<readonly Tool[]> =>
  (await Promise.all(tools.map((tool) => (isTool(tool) ? Promise.resolve([tool]) : ctx.tools(tool.declared))))).flat();
