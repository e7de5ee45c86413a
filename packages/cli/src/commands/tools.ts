import { defineCommand } from "../command.ts";

export const command = defineCommand({
  name: "tools",
  summary: "List Tool manifests, and how their MCP servers and libraries are",
  details: [
    "STATE is that of the node that is asked: open, idle (nobody needed it lately) or failed, and then why.",
    "`agentcore tools list NAME` asks one for its tools; `agentcore tools libraries` says which libraries there are.",
  ],
  arguments: [],
  options: {},
  examples: [
    { command: "agentcore tools", explanation: "What is declared, and what is in trouble" },
    { command: "agentcore tools list github", explanation: "What one offers" },
    { command: "agentcore tools -o json | jq '.[] | select(.reason)'", explanation: "What is in trouble, and why" },
  ],
  async run({ client, output, globals }) {
    const manifests = await (await client()).toolManifests();
    await output.table(
      globals.format,
      manifests,
      ["name", "state", "from", "server", "protocol", "description"],
      manifests.map(({ name, state, from, library, server: is, description, reason }) => [
        ...[name, state, library === undefined ? from : `${from} ${library}`],
        ...[is === undefined ? undefined : `${is.name} ${is.version}`, is?.protocol, reason ?? description],
      ]),
    );
    return 0;
  },
});
