import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";

test("without the package it is NOT_INSTALLED, and says how to install it", async () => {
  const hooks = `
    import { registerHooks } from "node:module";
    registerHooks({
      resolve(specifier, context, next) {
        if (specifier !== "@agentcore/sandbox") return next(specifier, context);
        throw Object.assign(new Error("cannot import it"), { code: "ERR_MODULE_NOT_FOUND" });
      },
    });`;
  const script = `
    import { loadSandbox } from ${JSON.stringify(new URL("load-sandbox.ts", import.meta.url).href)};
    const { code, details } = await loadSandbox().catch((thrown) => thrown);
    console.log(JSON.stringify({ code, details }));`;
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...["--conditions", "agentcore-source", "--no-warnings"],
    ...["--import", `data:text/javascript,${encodeURIComponent(hooks)}`],
    ...["--input-type", "module", "--eval", script],
  ]);
  expect(JSON.parse(stdout)).toEqual({
    code: "NOT_INSTALLED",
    details: { nextStep: expect.stringMatching(/beside agentcore/) },
  });
});
