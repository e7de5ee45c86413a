import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TEMPLATES } from "create-agentcore";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runInTest } from "../../test/run-in-test.ts";
import { command } from "./init.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "agentcore-init-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test("its templates are those of the starter", () => {
  expect(command.options.template.completes).toEqual(TEMPLATES.map(({ name }) => name));
});

test("it writes a project and says what to type", async () => {
  const ran = await runInTest(["init", join(folder, "desk"), "--template", "yaml"]);
  expect(ran).toMatchObject({ code: 0, stdout: expect.stringContaining("npx agentcore run opening-hours") });
  expect(await readdir(join(folder, "desk"))).toContain("agentcore.yaml");
});

test("a template that there is not, and a folder that is not empty, are wrong usage", async () => {
  expect(await runInTest(["init", folder, "-t", "magic"])).toMatchObject({ code: 2 });
  await runInTest(["init", folder]);
  const again = await runInTest(["init", folder]);
  expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining("already") });
});
