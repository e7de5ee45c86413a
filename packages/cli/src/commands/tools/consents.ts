import { defineCommand } from "../../command.ts";

export const command = defineCommand({
  name: "tools consents",
  summary: "List who has consented to the MCP server of a Tool manifest",
  details: [
    "A server with `auth: { authorizationCode }` works for one person at a time: a task asks whoever it works for, by a link that `agentcore inbox` shows.",
    "Operators see all of the tenant, others what they have consented to themselves.",
  ],
  arguments: [{ name: "NAME", description: "Name of the Tool manifest", completes: "tool" }],
  options: {},
  examples: [
    { command: "agentcore tools consents tickets", explanation: "Whose tickets agents may see" },
    { command: "agentcore tools consents tickets -o json", explanation: "The same for programs" },
    { command: "agentcore tools revoke tickets", explanation: "Take one's own back" },
  ],
  async run({ arguments: [name = ""], client, output, globals }) {
    const consents = await (await client()).toolConsents(name);
    await output.table(
      globals.format,
      consents,
      ["caller", "since", "scopes"],
      consents.map(({ caller, since, scopes }) => [caller, since, scopes.join(" ")]),
    );
    return 0;
  },
});
