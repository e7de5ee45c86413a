/** Completion scripts, made from the commands: verbs, options, and arguments that have fixed choices. */
import { type Command, GLOBAL_OPTIONS, type OptionSpec } from "./command.ts";

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

export const completionScript = (shell: Shell, commands: readonly Command[]): string => {
  switch (shell) {
    case "bash":
      return bash(commands);
    case "zsh":
      return zsh(commands);
    case "fish":
      return fish(commands);
  }
};

const optionsOf = (command: Command): readonly (readonly [string, OptionSpec])[] =>
  Object.entries<OptionSpec>({ ...command.options, ...GLOBAL_OPTIONS });

const flagsOf = (command: Command): readonly string[] =>
  optionsOf(command).flatMap(([name, { short }]) => (short === undefined ? [`--${name}`] : [`--${name}`, `-${short}`]));

const choicesOf = (command: Command): readonly string[] => command.arguments.flatMap(({ choices }) => choices ?? []);

// Summaries are ours, but a quote in one must not end the shell's string.
const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

const bash = (commands: readonly Command[]): string => `# bash completion of agentcore
_agentcore() {
  local current="\${COMP_WORDS[COMP_CWORD]}" verb="\${COMP_WORDS[1]}"
  local words=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    words="${commands.map(({ name }) => name).join(" ")} --help --version"
  else
    case "$verb" in
${commands.map((command) => `      ${command.name}) words="${[...choicesOf(command), ...flagsOf(command)].join(" ")}" ;;`).join("\n")}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _agentcore agentcore
`;

const zsh = (commands: readonly Command[]): string => `#compdef agentcore
_agentcore() {
  local -a verbs candidates
  if (( CURRENT == 2 )); then
    verbs=(
${commands.map(({ name, summary }) => `      ${quote(`${name}:${summary.replaceAll(":", "\\:")}`)}`).join("\n")}
    )
    _describe command verbs
    return
  fi
  case "$words[2]" in
${commands.map((command) => `    ${command.name}) candidates=(${[...choicesOf(command), ...flagsOf(command)].join(" ")}) ;;`).join("\n")}
  esac
  compadd -- $candidates
  _files
}
compdef _agentcore agentcore
`;

const fish = (commands: readonly Command[]): string =>
  [
    "# fish completion of agentcore",
    ...commands.map(
      ({ name, summary }) => `complete -c agentcore -n __fish_use_subcommand -f -a ${name} -d ${fishQuote(summary)}`,
    ),
    ...commands.flatMap((command) => {
      const condition = `-n '__fish_seen_subcommand_from ${command.name}'`;
      const choices = choicesOf(command);
      return [
        ...(choices.length === 0 ? [] : [`complete -c agentcore ${condition} -f -a '${choices.join(" ")}'`]),
        ...optionsOf(command).map(
          ([name, spec]) =>
            `complete -c agentcore ${condition} -l ${name}${spec.short === undefined ? "" : ` -s ${spec.short}`}${spec.type === "boolean" ? "" : " -r"} -d ${fishQuote(spec.description)}`,
        ),
      ];
    }),
    "",
  ].join("\n");

// fish escapes inside single quotes with a backslash, unlike the others.
const fishQuote = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
