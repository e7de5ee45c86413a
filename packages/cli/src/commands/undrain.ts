import { nodeArgument } from "../arguments.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  name: "undrain",
  summary: "Let a drained node take tasks again",
  details: ["What `kubectl uncordon` is for a machine."],
  arguments: [nodeArgument],
  options: {},
  examples: [
    { command: "agentcore get nodes", explanation: "Which are drained" },
    { command: "agentcore undrain pod-2", explanation: "Let one work again" },
    { command: "agentcore undrain pod-2 -o json", explanation: "Answer as JSON" },
  ],
  async run({ arguments: [name = ""], globals, output, client }) {
    await (await client()).undrainNode(name);
    await output.data(globals.format, { node: name, undrained: true }, () => `${name} may take tasks again`);
    return 0;
  },
});
