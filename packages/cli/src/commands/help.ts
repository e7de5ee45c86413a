import { defineCommand } from "../command.ts";
import { loadAllCommands, loadCommand, VERBS } from "../command-table.ts";
import { commandHelp, generalHelp } from "../help-text.ts";

export const command = defineCommand({
  name: "help",
  summary: "Explain a command, or list them all",
  arguments: [{ name: "COMMAND", description: "The command to explain", optional: true, choices: VERBS }],
  options: {},
  examples: [
    { command: "agentcore help", explanation: "All commands" },
    { command: "agentcore help up", explanation: "One command" },
    { command: "agentcore up --help", explanation: "The same" },
  ],
  async run({ arguments: [verb], output }) {
    const explained = verb === undefined ? undefined : await loadCommand(verb);
    output.line(
      explained === undefined ? generalHelp(await loadAllCommands()).trimEnd() : commandHelp(explained).trimEnd(),
    );
    return 0;
  },
});
