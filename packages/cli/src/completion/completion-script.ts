/**
 * The part of completion that a shell understands: it hands the words so far to the hidden verb `__complete` and offers
 * what comes back, a candidate a line with a tab before its description. A line `:files` asks for the shell's own files.
 */
export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

export const COMPLETE_VERB = "__complete";

// bash also ends words at : and =, so `--output=js` comes in three parts, of which it replaces the last.
const BASH = `# bash completion of agentcore
_agentcore() {
  local index word joins="" line value current broken
  local -a words=()
  for ((index = 1; index <= COMP_CWORD; index++)); do
    word="\${COMP_WORDS[index]}"
    if [[ \${#words[@]} -gt 0 && ( -n $joins || $word =~ ^[:=]+$ ) ]]; then
      words[\${#words[@]}-1]+="$word"
    else
      words+=("$word")
    fi
    if [[ $word =~ ^[:=]+$ ]]; then joins=1; else joins=""; fi
  done
  current="\${words[\${#words[@]}-1]}"
  broken="\${current%"\${current##*[:=]}"}"
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == :files ]]; then
      compopt -o filenames 2>/dev/null
      while IFS= read -r value; do COMPREPLY+=("$value"); done < <(compgen -f -- "\${current#"$broken"}")
    else
      value="\${line%%$'\\t'*}"
      COMPREPLY+=("\${value#"$broken"}")
    fi
  done < <("\${COMP_WORDS[0]}" ${COMPLETE_VERB} "\${words[@]}" 2>/dev/null)
}
complete -F _agentcore agentcore
`;

const ZSH = `#compdef agentcore
_agentcore() {
  local line value files=""
  local -a candidates
  while IFS= read -r line; do
    if [[ $line == :files ]]; then
      files=1
    else
      value="\${line%%$'\\t'*}"
      candidates+=("\${value//:/\\\\:}:\${line#*$'\\t'}")
    fi
  done < <(\${~words[1]} ${COMPLETE_VERB} "\${(@Q)words[2,CURRENT-1]}" "$PREFIX" 2>/dev/null)
  (( \${#candidates} )) && _describe -t values agentcore candidates
  [[ -n $files ]] && _files
  return 0
}
# Read from a folder of functions, this file is the function itself and has to do its work at once.
if [[ "\${funcstack[1]}" == _agentcore ]]; then
  _agentcore "$@"
else
  compdef _agentcore agentcore
fi
`;

const FISH = `# fish completion of agentcore
function __agentcore_complete
    set -l words (commandline -opc)
    set -l agentcore $words[1]
    set -e words[1]
    set -l current (commandline -ct)
    for line in ($agentcore ${COMPLETE_VERB} $words "$current" 2>/dev/null)
        if test "$line" = ":files"
            __fish_complete_path "$current"
        else
            printf '%s\\n' $line
        end
    end
end
complete -c agentcore -f -a '(__agentcore_complete)'
`;

export const completionScript = (shell: Shell): string => ({ bash: BASH, zsh: ZSH, fish: FISH })[shell];
