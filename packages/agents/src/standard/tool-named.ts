import { type Context, type DeclaredTools, PlatformError, type Tool, toolsOf } from "@agentcore/sdk";

/** The one whose name is, or ends with `_`, `name`: manifests put theirs before it. Throws CONFIG_INVALID for none, and for several. */
export const toolNamed = async (
  name: string,
  kind: string,
  tools: readonly (Tool | DeclaredTools)[],
  ctx: Context,
): Promise<Tool> => {
  const all = await toolsOf(tools, ctx);
  const found = all.filter((tool) => tool.name === name || tool.name.endsWith(`_${name}`));
  const [tool] = found;
  if (tool !== undefined && found.length === 1) return tool;
  throw new PlatformError(
    "CONFIG_INVALID",
    `a standard agent "${kind}" needs one tool ${name}; it has ${all.map((each) => each.name).join(", ") || "none"}`,
  );
};
