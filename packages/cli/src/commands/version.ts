import { defineCommand } from "../command.ts";
import { readVersion } from "../read-version.ts";

export const command = defineCommand({
  name: "version",
  summary: "Print the version of this command and of Node",
  arguments: [],
  options: {},
  examples: [
    { command: "agentcore version", explanation: "For people" },
    { command: "agentcore --version", explanation: "The same" },
    { command: "agentcore version -o json", explanation: "For programs" },
  ],
  async run({ globals, output }) {
    const agentcore = await readVersion();
    const versions = { agentcore, node: process.versions.node };
    await output.data(globals.format, versions, () => `agentcore ${agentcore} (Node ${versions.node})`);
    return 0;
  },
});
