import { defineCommand } from "../command.ts";

export const command = defineCommand({
  name: "tools",
  summary: "List Tool manifests, and how their MCP servers are",
  details: [
    "STATE is that of the node that is asked: connected, idle (nobody needed it lately) or failed, and then why.",
    "`agentcore tools list NAME` asks the server of one for its tools.",
  ],
  arguments: [],
  options: {},
  examples: [
    { command: "agentcore tools", explanation: "What is declared, and what is in trouble" },
    { command: "agentcore tools list github", explanation: "What the server of one offers" },
    { command: "agentcore tools -o json | jq '.[] | select(.reason)'", explanation: "What is in trouble, and why" },
  ],
  async run({ client, output, globals }) {
    const servers = await (await client()).toolServers();
    await output.table(
      globals.format,
      servers,
      ["name", "state", "over", "server", "protocol", "description"],
      servers.map(({ name: server, state, transport, server: is, description, reason }) => [
        ...[server, state, transport],
        ...[is === undefined ? undefined : `${is.name} ${is.version}`, is?.protocol, reason ?? description],
      ]),
    );
    return 0;
  },
});
