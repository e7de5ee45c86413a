import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { COMPLETE_VERB, completionScript, SHELLS, type Shell } from "./completion-script.ts";

const bin = fileURLToPath(new URL("../../bin/agentcore.mjs", import.meta.url));
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "agentcore-completion-"));
  writeFileSync(join(folder, "agentcore"), `#!/bin/sh\nexec '${process.execPath}' '${bin}' "$@"\n`);
  chmodSync(join(folder, "agentcore"), 0o755);
  writeFileSync(join(folder, "greeter.agent.yaml"), "");
  for (const shell of SHELLS) writeFileSync(join(folder, `script.${shell}`), completionScript(shell));
});
afterAll(() => rmSync(folder, { recursive: true }));

const run = (command: string, ...words: string[]): string => {
  const env = { ...process.env, HOME: folder, PATH: folder + delimiter + process.env["PATH"] };
  const { stdout, stderr } = spawnSync(command, words, { cwd: folder, env, encoding: "utf8" });
  expect(stderr).toBe("");
  return stdout;
};

/** What the shell itself offers for a command line, the cursor at its end: one value a line. */
const offers: Record<Shell, (line: string) => string> = {
  bash(line) {
    // As readline hands them over: words end at spaces and around each `=` and `:`.
    const words = line.split(/\s+|(?<==)|(?==)/);
    const code =
      'source script.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _agentcore; printf "%s\\n" "${COMPREPLY[@]}"';
    return run("bash", "--noprofile", "--norc", "-c", code, "bash", ...words);
  },
  zsh(line) {
    // Outside of the line editor the functions that show candidates are not there: these print what they are given.
    const code = `
      compdef() { : }
      _describe() { print -l -- "\${(@)candidates%%:*}" }
      _files() { print -l -- *(N) }
      source script.zsh
      words=("$@"); CURRENT=$#words; PREFIX="$words[-1]"
      _agentcore`;
    return run("zsh", "-f", "-c", code, "zsh", ...line.split(/\s+/));
  },
  fish: (line) =>
    run("fish", "--no-config", "-c", 'source script.fish; complete -C "$argv[1]"', line).replaceAll(/\t.*$/gm, ""),
};

const isInstalled = (shell: Shell): boolean => spawnSync(shell, ["-c", "exit 0"]).status === 0;

describe.each(SHELLS)("the script for %s", (shell) => {
  if (!isInstalled(shell)) {
    // What the script asks is tested with the verb itself; here only that it asks.
    test("hands the words to the hidden verb and offers paths where they fit", () => {
      const script = completionScript(shell);
      expect(script).toMatch(new RegExp(` ${COMPLETE_VERB} .*2>/dev/null`));
      expect(script).toContain(":files");
      expect(script).toMatch(/^(complete -F _agentcore|#compdef|complete -c) ?agentcore/m);
    });
    return;
  }

  test.each([
    ["agentcore de", ["debug", "decide", "delete", "describe", "dev"]],
    ["agentcore get mo", ["models"]],
    ["agentcore up --po", ["--port"]],
    ["agentcore -o yaml get tas", ["tasks"]],
    ["agentcore apply -f gree", ["greeter.agent.yaml"]],
    ["agentcore nonsense ", []],
  ])("completes %j", (line, expected) => {
    const offered = offers[shell](line)
      .split("\n")
      .filter((value) => value !== "" && !value.startsWith("script."));
    expect(offered.filter((value) => value !== "agentcore").toSorted()).toEqual(expected);
  });

  test("completes a value behind an equals sign", () => {
    // bash replaces what stands behind the sign only.
    expect(offers[shell]("agentcore get tasks --output=js")).toMatch(shell === "bash" ? /^json$/m : /^--output=json$/m);
  });
});
