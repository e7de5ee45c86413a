import type { DeclaredTool } from "@agentcore/sdk/client";
import { defineCommand } from "../../command.ts";

export const command = defineCommand({
  name: "tools list",
  summary: "List the tools of a Tool manifest, as its MCP server or library has them",
  details: [
    "Agents see a tool by NAME, which begins with the manifest's; ORIGIN is what the server or library calls it.",
  ],
  arguments: [{ name: "NAME", description: "Name of the Tool manifest", completes: "tool" }],
  options: {},
  examples: [
    { command: "agentcore tools list github", explanation: "What it offers" },
    { command: "agentcore tools list github -o json", explanation: "With the schemas of what the tools are given" },
    { command: "agentcore tools list files -o yaml", explanation: "The same as YAML" },
  ],
  async run({ arguments: [name = ""], client, output, globals }) {
    const tools = await (await client()).tools(name);
    await output.table(
      globals.format,
      tools,
      ["name", "origin", "hints", "description"],
      tools.map((tool) => [tool.name, tool.origin, hintsOf(tool), firstLine(tool.description)]),
    );
    return 0;
  },
});

const hintsOf = ({ hints = {} }: DeclaredTool): string | undefined => {
  const words = [
    ...(hints.readOnly === true ? ["reads"] : []),
    ...(hints.destructive === true ? ["destroys"] : []),
    ...(hints.idempotent === true ? ["repeatable"] : []),
  ];
  return words.length === 0 ? undefined : words.join(", ");
};

const firstLine = (text: string): string => text.trim().split("\n")[0] ?? "";
