import { defineCommand } from "../command.ts";
import { loadAllCommands, loadCommand, VERB_GROUPS, VERBS } from "../command-table.ts";
import { commandHelp, generalHelp, groupHelp } from "../help-text.ts";
import { UsageError } from "../usage-error.ts";

const FIRST_WORDS = [...new Set(VERBS.map((verb) => verb.split(" ")[0] ?? ""))];

export const command = defineCommand({
  name: "help",
  summary: "Explain a command, or list them all",
  arguments: [
    { name: "COMMAND", description: "The command to explain", optional: true, choices: FIRST_WORDS, rest: true },
  ],
  options: {},
  examples: [
    { command: "agentcore help", explanation: "All commands" },
    { command: "agentcore help up", explanation: "One command" },
    { command: "agentcore up --help", explanation: "The same" },
  ],
  async run({ arguments: words, output }) {
    output.line((await helpOn(words.join(" "))).trimEnd());
    return 0;
  },
});

const helpOn = async (verb: string): Promise<string> => {
  if (verb === "") return generalHelp(await loadAllCommands());
  const group = VERB_GROUPS[verb];
  if (group !== undefined) return groupHelp(verb, group, await loadAllCommands());
  const explained = await loadCommand(verb);
  if (explained === undefined) throw new UsageError(`there is no command "${verb}"`);
  return commandHelp(explained);
};
