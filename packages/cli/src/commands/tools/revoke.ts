import { defineCommand } from "../../command.ts";

export const command = defineCommand({
  name: "tools revoke",
  summary: "Take back the consent to the MCP server of a Tool manifest",
  details: [
    "The node forgets the tokens: the next task asks again. What the server or its authorization server keeps of it is taken back there.",
    "Without --caller one's own; another's is for operators.",
  ],
  arguments: [{ name: "NAME", description: "Name of the Tool manifest", completes: "tool" }],
  options: {
    caller: { type: "string", value: "CALLER", description: "Whose it is, where it is not one's own" },
  },
  examples: [
    { command: "agentcore tools revoke tickets", explanation: "Agents may not see one's tickets any more" },
    { command: "agentcore tools revoke tickets --caller ann", explanation: "Nor Ann's" },
    { command: "agentcore tools consents tickets", explanation: "Who has consented" },
  ],
  async run({ arguments: [name = ""], options, client, output, globals }) {
    const revoked = await (await client()).revokeToolConsent(name, options.caller);
    await output.data(
      globals.format,
      revoked,
      () => `the consent of ${revoked.caller} to the tools "${name}" is taken back`,
    );
    return 0;
  },
});
