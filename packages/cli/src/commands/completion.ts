import { defineCommand } from "../command.ts";
import { loadAllCommands } from "../command-table.ts";
import { completionScript, SHELLS } from "../completion-script.ts";

export const command = defineCommand({
  name: "completion",
  summary: "Print the completion script of a shell",
  arguments: [{ name: "SHELL", description: "bash, zsh or fish", choices: SHELLS }],
  options: {},
  examples: [
    { command: "source <(agentcore completion bash)", explanation: "bash: for this session, or in ~/.bashrc" },
    { command: 'agentcore completion zsh > "${fpath[1]}/_agentcore"', explanation: "zsh: for good" },
    { command: "agentcore completion fish > ~/.config/fish/completions/agentcore.fish", explanation: "fish: for good" },
  ],
  async run({ arguments: [name], output }) {
    const shell = SHELLS.find((each) => each === name) ?? "bash";
    output.line(completionScript(shell, await loadAllCommands()).trimEnd());
    return 0;
  },
});
