import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";

const bin = new URL("../bin/agentcore.mjs", import.meta.url).pathname;

test("the command starts from its sources without options of Node, and keeps the exit code", () => {
  const run = (...words: string[]) => spawnSync(process.execPath, [bin, ...words], { encoding: "utf8" });
  expect(run("--version")).toMatchObject({ status: 0, stdout: expect.stringMatching(/^agentcore \d+\.\d+\.\d+ /) });
  expect(run("frobnicate")).toMatchObject({ status: 2, stdout: "" });
});
