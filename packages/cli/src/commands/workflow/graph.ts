import { defineCommand } from "../../command.ts";

export const command = defineCommand({
  name: "workflow graph",
  summary: "Print the graph of a workflow as a flowchart",
  details: [
    "The flowchart is for Mermaid, which many editors and forges draw. With -o json or yaml it is the graph itself.",
  ],
  arguments: [{ name: "NAME", description: "Name of the workflow", completes: "workflow" }],
  options: {
    revision: {
      type: "string",
      value: "REVISION",
      description: "Of this revision, as tasks name it; without it, of the one that is applied now",
    },
  },
  examples: [
    { command: "agentcore workflow graph refund", explanation: "For Mermaid" },
    { command: "agentcore workflow graph refund > refund.mmd", explanation: "Keep it in a file" },
    { command: "agentcore workflow graph refund -o yaml", explanation: "The nodes, as a manifest has them" },
  ],
  async run({ arguments: [name = ""], options: { revision }, globals, output, client: connected }) {
    const client = await connected();
    if (globals.format === "table") output.line((await client.workflowDiagram(name, revision)).trimEnd());
    else await output.data(globals.format, await client.workflowGraph(name, revision), () => "");
    return 0;
  },
});
