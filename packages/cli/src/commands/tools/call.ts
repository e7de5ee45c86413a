import { defineCommand } from "../../command.ts";
import { toPlainLines } from "../../plain-text.ts";
import { readInput } from "../../read-input.ts";
import { UsageError } from "../../usage-error.ts";

export const command = defineCommand({
  name: "tools call",
  summary: "Call a tool of a Tool manifest by hand, outside of any task",
  details: ["The node calls it as it would for an agent, with the same credentials; what it does is done."],
  arguments: [
    { name: "NAME", description: "Name of the Tool manifest", completes: "tool" },
    { name: "TOOL", description: "Name of the tool, as its server has it or as agents see it" },
  ],
  options: {
    input: {
      type: "string",
      value: "JSON|@FILE|@-",
      description: "What it is given: an object",
      default: "{}",
    },
  },
  examples: [
    {
      command: `agentcore tools call github search_issues --input '{"query":"is:open"}'`,
      explanation: "What it finds",
    },
    {
      command: "agentcore tools call files read_file --input @arguments.json",
      explanation: "With arguments from a file",
    },
    { command: "agentcore tools call clock now -o json", explanation: "What it gives, as JSON" },
  ],
  async run({ arguments: [name = "", tool = ""], options, client, output, globals, cwd, readStdin, signal }) {
    const input = await readInput(options.input, { cwd, readStdin });
    if (typeof input !== "object" || input === null || Array.isArray(input))
      throw new UsageError(`--input ${options.input}: expected an object, as {"query":"…"}`);
    const result = await (await client()).callTool(name, tool, input as Record<string, unknown>, signal);
    await output.data(globals.format, result, () =>
      typeof result === "string" ? toPlainLines(result) : JSON.stringify(result, null, 2),
    );
    return 0;
  },
});
