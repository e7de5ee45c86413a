import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readEncryptionKeys } from "./read-encryption-keys.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "agentcore-keys-"));
});
afterAll(() => rm(folder, { recursive: true }));

const file = async (text: string, mode = 0o600): Promise<string> => {
  const path = join(folder, "keys");
  await writeFile(path, text);
  await chmod(path, mode);
  return path;
};

test("entries stand in lines of a file or between commas of the variable, the order is kept", async () => {
  const path = await file("# rotated in May\n\nk2:bbbb\r\n  k1:aaaa  \n");
  expect(await readEncryptionKeys(path, {})).toEqual(["k2:bbbb", "k1:aaaa"]);
  expect(await readEncryptionKeys(undefined, { AGENTCORE_ENCRYPTION_KEYS: "k2:b, k1:a," })).toEqual(["k2:b", "k1:a"]);
  expect(await readEncryptionKeys(undefined, {})).toEqual([]);
});

test.runIf(process.platform !== "win32").each([0o640, 0o604, 0o620, 0o666])(
  "a file of mode %o is refused, with the command that puts it right",
  async (mode) => {
    const path = await file("k1:aaaa", mode);
    await expect(readEncryptionKeys(path, {})).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: expect.stringContaining(`mode ${mode.toString(8)}`),
      details: { nextStep: `chmod 600 ${path}` },
    });
  },
);

test("a file without a key, one that is not there, a folder, and two sources at once are refused", async () => {
  const refused = { code: "CONFIG_INVALID" };
  await expect(readEncryptionKeys(await file("# nothing\n"), {})).rejects.toMatchObject(refused);
  await expect(readEncryptionKeys(join(folder, "nothing"), {})).rejects.toMatchObject(refused);
  const both = readEncryptionKeys(await file("k1:aaaa"), { AGENTCORE_ENCRYPTION_KEYS: "k1:aaaa" });
  await expect(both).rejects.toMatchObject({ ...refused, message: expect.not.stringContaining("aaaa") });
});
