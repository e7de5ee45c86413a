import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";

/** What loading throws in a process that has no package of that name. */
const thrownWithout = async (name: string): Promise<unknown> => {
  const hooks = `
    import { registerHooks } from "node:module";
    registerHooks({
      resolve(specifier, context, next) {
        if (!specifier.startsWith(${JSON.stringify(name)})) return next(specifier, context);
        throw Object.assign(new Error("cannot import " + specifier), { code: "ERR_MODULE_NOT_FOUND" });
      },
    });`;
  const script = `
    import { loadMcpClient, loadMcpServer } from ${JSON.stringify(new URL("load-mcp.ts", import.meta.url).href)};
    const errors = await Promise.all([loadMcpClient, loadMcpServer].map((load) => load().catch((thrown) => thrown)));
    console.log(JSON.stringify(errors.map(({ code, message, details }) => ({ code, message, details }))));`;
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...["--conditions", "agentcore-source", "--no-warnings"],
    ...["--import", `data:text/javascript,${encodeURIComponent(hooks)}`],
    ...["--input-type", "module", "--eval", script],
  ]);
  return JSON.parse(stdout);
};

test.each(["@agentcore/mcp", "@modelcontextprotocol/"])(
  "without %s it is NOT_INSTALLED, and says how to install it",
  async (name) => {
    const refusal = {
      code: "NOT_INSTALLED",
      message: expect.stringContaining("@agentcore/mcp"),
      details: { nextStep: expect.stringMatching(/`npm install`.*beside agentcore/) },
    };
    expect(await thrownWithout(name)).toEqual([refusal, refusal]);
  },
);
