import { once } from "node:events";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openNodeSandbox } from "./open-node-sandbox.ts";

const LIMITS = { memoryBytes: 256 * 2 ** 20, fileBytes: 2 ** 20, processes: 64 };

const start = async (code: string, at: string) => {
  const folder = await mkdtemp(join(tmpdir(), "agentcore-node-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await chmod(folder, 0o755);
  await writeFile(join(folder, "main.mjs"), code);
  const sandbox = await openNodeSandbox();
  const readable = [{ from: folder, to: at }];
  return sandbox.start({ words: [`${at}/main.mjs`], readable, environment: { OWN: "mine" }, limits: LIMITS });
};

test.each(["/project", "/work/project", "/tmp/project"])(
  "a module at %s runs, speaks by both channels and writes to its work folder",
  async (at) => {
    const { channels, ended, cpuMs } = await start(
      `import { readSync, writeFileSync, writeSync } from "node:fs";
     const heard = Buffer.alloc(10);
     const length = readSync(3, heard);
     writeFileSync(process.env.HOME + "/file", "kept");
     try { writeFileSync(import.meta.filename, ""); } catch ({ code }) { writeSync(4, heard.toString("utf8", 0, length) + process.env.OWN + code); }`,
      at,
    );
    const [told, said] = channels;
    told.write("ping ");
    const [answer] = (await once(said, "data")) as [Buffer];
    expect(String(answer)).toBe("ping mineEROFS");
    expect(cpuMs()).toBeGreaterThan(0);
    expect(await ended).toMatchObject({ exitCode: 0 });
  },
);

test("a kill ends it with all that it began", async () => {
  const { channels, kill, ended } = await start(
    `import { spawn } from "node:child_process";
     import { writeSync } from "node:fs";
     spawn(process.execPath, ["-e", "for (;;);"]).on("spawn", () => { writeSync(4, "begun"); for (;;); });`,
    "/project",
  );
  await once(channels[1], "data");
  kill();
  await expect(ended).rejects.toThrow();
});
