import { defineCommand } from "../command.ts";
import { completionScript, SHELLS } from "../completion/completion-script.ts";

export const command = defineCommand({
  name: "completion",
  summary: "Print the completion script of a shell",
  details: [
    "Completes verbs, options, their values and paths, and asks the node for names of agents and ids of tasks.",
  ],
  arguments: [{ name: "SHELL", description: "bash, zsh or fish", choices: SHELLS }],
  options: {},
  examples: [
    { command: "source <(agentcore completion bash)", explanation: "bash: for this session, or in ~/.bashrc" },
    { command: 'agentcore completion zsh > "${fpath[1]}/_agentcore"', explanation: "zsh: for good" },
    { command: "agentcore completion fish > ~/.config/fish/completions/agentcore.fish", explanation: "fish: for good" },
  ],
  async run({ arguments: [name], output }) {
    const shell = SHELLS.find((each) => each === name) ?? "bash";
    output.line(completionScript(shell).trimEnd());
    return 0;
  },
});
