import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { loadToolLibrary, toolLibraryStatuses } from "./tool-libraries.ts";

/** What loading a library throws in a process that has no package of that name. */
const thrownWithout = async (name: string, library: string): Promise<unknown> => {
  const hooks = `
    import { registerHooks } from "node:module";
    registerHooks({
      resolve(specifier, context, next) {
        if (!specifier.startsWith(${JSON.stringify(name)})) return next(specifier, context);
        throw Object.assign(new Error("cannot import " + specifier), { code: "ERR_MODULE_NOT_FOUND" });
      },
    });`;
  const script = `
    import { loadToolLibrary, toolLibraryStatuses } from ${JSON.stringify(new URL("tool-libraries.ts", import.meta.url).href)};
    const { code, message, details } = await loadToolLibrary(${JSON.stringify(library)}).catch((thrown) => thrown);
    const missing = (await toolLibraryStatuses()).filter(({ installed }) => !installed).map(({ name }) => name);
    console.log(JSON.stringify({ code, message, details, missing }));`;
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...["--conditions", "agentcore-source", "--no-warnings"],
    ...["--import", `data:text/javascript,${encodeURIComponent(hooks)}`],
    ...["--input-type", "module", "--eval", script],
  ]);
  return JSON.parse(stdout);
};

test("each library stands in the table under its own name, and tells what its options may be", async () => {
  for (const { name, installed, description, options } of await toolLibraryStatuses()) {
    expect(installed).toBe(true);
    expect(await loadToolLibrary(name)).toMatchObject({ name, description });
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
