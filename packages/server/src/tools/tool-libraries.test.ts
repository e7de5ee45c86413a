import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { runWithout } from "../../test/run-without.ts";
import { loadToolLibrary, toolLibraryStatuses } from "./tool-libraries.ts";

/** What loading a library throws in a process that has no package of that name. */
const thrownWithout = (name: string, library: string): Promise<unknown> =>
  runWithout(
    name,
    `import { loadToolLibrary, toolLibraryStatuses } from ${JSON.stringify(new URL("tool-libraries.ts", import.meta.url).href)};
    const { code, message, details } = await loadToolLibrary(${JSON.stringify(library)}, []).catch((thrown) => thrown);
    const missing = (await toolLibraryStatuses([])).filter(({ installed }) => !installed).map(({ name }) => name);
    console.log(JSON.stringify({ code, message, details, missing }));`,
  );

test("each library stands in the table under its own name, and tells what its options may be", async () => {
  for (const { name, installed, description, options } of await toolLibraryStatuses([])) {
    expect(installed).toBe(true);
    expect(await loadToolLibrary(name, [])).toMatchObject({ name, description });
    expect(options).toMatchObject({ type: "object", additionalProperties: false });
  }
});

test.each([
  ["@agentcore/tools-mail", "mail-draft"],
  ["nodemailer", "mail-draft"],
])("without %s it is NOT_INSTALLED, and says how to install it", async (name, library) => {
  expect(await thrownWithout(name, library)).toEqual({
    code: "NOT_INSTALLED",
    message: expect.stringMatching(/"mail-draft" needs the package @agentcore\/tools-mail/),
    details: { nextStep: expect.stringMatching(/`npm install`.*beside agentcore/) },
    missing: ["mail-draft"],
  });
});

test("modules of the operator bring libraries of their own, under names that are not taken", async () => {
  const folder = await mkdtemp(join(tmpdir(), "agentcore-libraries-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const write = async (name: string, text: string): Promise<string> => {
    await writeFile(join(folder, name), text);
    return join(folder, name);
  };
  const options = '{ "~standard": { version: 1, vendor: "own", validate: (value) => ({ value }) } }';
  const own = (name: string) =>
    `export const library = { name: "${name}", description: "Own", options: ${options}, open: () => [] }; export const other = 1;`;
  const weather = await write("weather.mjs", own("weather"));
  expect(await loadToolLibrary("weather", [weather])).toMatchObject({ name: "weather" });
  expect((await toolLibraryStatuses([weather])).at(-1)).toEqual({
    ...{ name: "weather", from: weather, installed: true, description: "Own" },
  });
  await expect(loadToolLibrary("wether", [weather])).rejects.toMatchObject({
    ...{ code: "INVALID_ARGUMENT", message: expect.stringMatching(/web-search, weather/) },
  });
  const refused = [
    join(folder, "absent.mjs"),
    await write("nothing.mjs", "export const one = 1;"),
    await write("broken.mjs", "export const"),
    await write("csv.mjs", own("csv")),
  ];
  for (const file of refused)
    await expect(loadToolLibrary("weather", [file])).rejects.toMatchObject({
      ...{ code: "CONFIG_INVALID", message: expect.stringContaining(file) },
    });
  // What is the platform's own does not need them.
  expect(await loadToolLibrary("csv", refused)).toMatchObject({ name: "csv" });
});
