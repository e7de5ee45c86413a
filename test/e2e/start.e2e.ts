/** Starts that cannot work, as the process sees them: an error at once, and an end when it is told to end. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

const up = (...words: readonly string[]) => {
  const child = spawn(
    process.execPath,
    ["-C", "agentcore-source", "packages/cli/bin/agentcore.mjs", "up", "--port", "0", ...words],
    { cwd: root, stdio: ["ignore", "ignore", "pipe"] },
  );
  onTestFinished(() => void child.kill("SIGKILL"));
  let text = "";
  const spoken = new Map<string, () => void>();
  child.stderr.on("data", (chunk: Buffer) => {
    text += chunk.toString();
    for (const [word, resolve] of spoken) if (text.includes(word)) resolve();
  });
  return {
    child,
    ended: once(child, "close").then(([code, signal]) => ({ code, signal, text })),
    says: (word: string) =>
      new Promise<void>((resolve) => {
        spoken.set(word, resolve);
        if (text.includes(word)) resolve();
      }),
  };
};

test.runIf(process.platform === "linux")("a data folder that cannot be made is an error at once", async () => {
  const { code, text } = await up("--data", "/proc/x").ended;
  expect(code).toBe(1);
  expect(text).toContain("error CONFIG_INVALID: the data folder /proc/x cannot be made");
  expect(text).toContain("--data or AGENTCORE_DATA");
});

test.each(["SIGTERM", "SIGINT"] as const)("%s ends a start whose agent never stops loading", async (signal) => {
  const folder = await mkdtemp(join(tmpdir(), "agentcore-start-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "package.json"), '{ "type": "module" }');
  await writeFile(
    join(folder, "spin.ts"),
    'import { writeSync } from "node:fs";\nwriteSync(2, "spinning");\nfor (;;);\n',
  );
  await writeFile(
    join(folder, "spin.agent.yaml"),
    "apiVersion: agentcore.dev/v1\nkind: Agent\nmetadata: { name: spin }\nspec: { code: { path: ./spin.ts, export: spin } }\n",
  );
  const { child, ended, says } = up("--data", join(folder, "data"), "--apply", folder);
  await says("spinning");
  child.kill(signal);
  expect(await ended).toMatchObject({ code: null, signal });
});

test("a promise that an agent's code leaves behind ends no node: the next task is answered", async () => {
  const folder = await mkdtemp(join(tmpdir(), "agentcore-start-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "package.json"), '{ "type": "module" }');
  await symlink(join(root, "node_modules"), join(folder, "node_modules"));
  await writeFile(
    join(folder, "careless.ts"),
    `import { agent } from "agentcore";
export const careless = agent({
  name: "careless",
  description: "Leaves a promise behind",
  run: async (_task, ctx) => {
    void ctx.step("stray", () => void Promise.reject(new Error("nobody waits for this")));
    await ctx.sleep(50);
    return ctx.step("answer", () => "answered");
  },
});
`,
  );
  await writeFile(
    join(folder, "careless.agent.yaml"),
    "apiVersion: agentcore.dev/v1\nkind: Agent\nmetadata: { name: careless }\nspec: { code: { path: ./careless.ts, export: careless } }\n",
  );
  const { child, ended, says } = up(
    "--data",
    join(folder, "data"),
    "--apply",
    folder,
    "--run",
    "careless",
    "--input",
    "{}",
  );
  await says("a promise was rejected that nobody waits for");
  child.kill("SIGTERM");
  expect(await ended).toMatchObject({ code: 0 });
});
