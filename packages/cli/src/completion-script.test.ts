import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { loadAllCommands, VERBS } from "./command-table.ts";
import { completionScript, SHELLS } from "./completion-script.ts";

const commands = await loadAllCommands();

test.each(SHELLS)("the script for %s has every verb and every option", (shell) => {
  const script = completionScript(shell, commands);
  for (const verb of VERBS) expect(script).toMatch(new RegExp(`\\b${verb}\\b`));
  for (const { options } of commands) for (const option of Object.keys(options)) expect(script).toContain(option);
});

test("bash completes verbs, and choices and options of a verb", () => {
  const complete = (...words: string[]) =>
    spawnSync(
      "bash",
      [
        "-c",
        `${completionScript("bash", commands)}\nCOMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _agentcore; echo "\${COMPREPLY[@]}"`,
        "bash",
        ...words,
      ],
      { encoding: "utf8" },
    ).stdout.trim();
  expect(complete("agentcore", "de")).toBe("dev describe delete");
  expect(complete("agentcore", "get", "mo")).toBe("models");
  expect(complete("agentcore", "up", "--po")).toBe("--port");
});
