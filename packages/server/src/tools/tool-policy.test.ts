import { expect, test } from "vitest";
import { refuseProgram } from "./tool-policy.ts";

const fields = (program: Parameters<typeof refuseProgram>[0], commands: readonly string[] | null = ["npx"]) =>
  refuseProgram(program, commands).map(({ field }) => field);

test("where commands are listed, a manifest sets nothing that chooses what code they run", () => {
  const names = [
    ...["PATH", "LD_PRELOAD", "NODE_OPTIONS", "npm_config_registry", "BASH_ENV", "ENV", "PYTHONPATH", "HOME"],
    ...["GIT_SSH_COMMAND", "JAVA_TOOL_OPTIONS", "XDG_CONFIG_HOME"],
  ];
  for (const name of names) {
    const program = { command: "npx", env: { [name]: "x" } };
    expect(fields(program)).toEqual([`env.${name}`]);
    expect(fields(program, null)).toEqual([]);
  }
  expect(refuseProgram({ command: "npx", env: { PATH: "/tmp" } }, ["npx"])[0]?.description).toBe(
    "a node with API keys sets no PATH: it chooses what code runs",
  );
  expect(fields({ command: "npx", cwd: "/tmp" })).toEqual(["cwd"]);
  expect(fields({ command: "npx", cwd: "/tmp" }, null)).toEqual([]);
});

test("what only tells a program something passes, a secret too; another command does not", () => {
  const env = { LOG_LEVEL: "warn", GITHUB_TOKEN: { env: "GITHUB_TOKEN" }, ENVIRONMENT: "test", HOMEPAGE: "x" };
  expect(fields({ command: "npx", env })).toEqual([]);
  expect(fields({ command: "sh", env })).toEqual(["command"]);
  expect(fields({ command: "sh" }, [])).toEqual(["command"]);
});
