import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";

/** What `loadPostgres` throws in a process where importing that package fails with that error. */
const thrownWhere = async (name: string, code: string): Promise<unknown> => {
  const hooks = `
    import { registerHooks } from "node:module";
    registerHooks({
      resolve(specifier, context, next) {
        if (specifier !== ${JSON.stringify(name)}) return next(specifier, context);
        throw Object.assign(new Error("cannot import " + specifier), { code: ${JSON.stringify(code)} });
      },
    });`;
  const script = `
    import { loadPostgres } from ${JSON.stringify(new URL("load-postgres.ts", import.meta.url).href)};
    const error = await loadPostgres().catch((thrown) => thrown);
    const { code, message, cause, details } = error;
    console.log(JSON.stringify({ code, message, cause: cause?.message, details }));`;
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...["--conditions", "agentcore-source", "--no-warnings"],
    ...["--import", `data:text/javascript,${encodeURIComponent(hooks)}`],
    ...["--input-type", "module", "--eval", script],
  ]);
  return JSON.parse(stdout);
};

test.each(["@agentcore/postgres", "pg"])("without %s it is NOT_INSTALLED, and says how to install it", async (name) => {
  expect(await thrownWhere(name, "ERR_MODULE_NOT_FOUND")).toEqual({
    code: "NOT_INSTALLED",
    message: expect.stringContaining("@agentcore/postgres"),
    cause: `cannot import ${name}`,
    details: { nextStep: expect.stringMatching(/`npm install`.*beside agentcore/) },
  });
});

test("a package that is there but broken is not called missing", async () => {
  expect(await thrownWhere("pg", "ERR_BROKEN")).toEqual({ code: "ERR_BROKEN", message: "cannot import pg" });
});
