/** Tool manifests of a test: what stands behind them is the test's own. */
import { PlatformError } from "@agentcore/contract";
import type { Tool } from "@agentcore/contract/authoring";
import type { ToolProvider } from "@agentcore/core/ports";
import { describeTool, executeTool } from "@agentcore/core/tasks";

export const createTestToolProvider = (manifests: Readonly<Record<string, readonly Tool[]>>): ToolProvider => {
  const toolsOf = (manifest: string): readonly Tool[] => {
    const tools = Object.hasOwn(manifests, manifest) ? manifests[manifest] : undefined;
    if (tools !== undefined) return tools;
    throw new PlatformError(
      "NOT_FOUND",
      `there is no Tool "${manifest}"; give testAgent \`tools: { "${manifest}": [tool({ … })] }\``,
    );
  };
  return {
    list: async (_caller, manifest) =>
      toolsOf(manifest).map((tool) => ({
        ...{ name: `${manifest}__${tool.name}`, origin: tool.name },
        ...describeTool(tool),
      })),
    async call(_caller, { manifest, tool: { origin }, input, ...context }) {
      const found = toolsOf(manifest).find(({ name }) => name === origin);
      if (found === undefined)
        throw new PlatformError("UPSTREAM_FAILED", `${manifest} has no tool "${origin}"`, { retryable: false });
      return executeTool(found, input, context);
    },
  };
};
