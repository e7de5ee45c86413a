import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** What `script` writes, as JSON, in a process that has no package of that name. */
export const runWithout = async (name: string, script: string): Promise<unknown> => {
  const hooks = `
    import { registerHooks } from "node:module";
    registerHooks({
      resolve(specifier, context, next) {
        if (!specifier.startsWith(${JSON.stringify(name)})) return next(specifier, context);
        throw Object.assign(new Error("cannot import " + specifier), { code: "ERR_MODULE_NOT_FOUND" });
      },
    });`;
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...["--conditions", "agentcore-source", "--no-warnings"],
    ...["--import", `data:text/javascript,${encodeURIComponent(hooks)}`],
    ...["--input-type", "module", "--eval", script],
  ]);
  return JSON.parse(stdout);
};

/** What those functions of the module throw there. */
export const thrownWithout = (name: string, module: URL, loaders: readonly string[]): Promise<unknown> =>
  runWithout(
    name,
    `import { ${loaders.join(", ")} } from ${JSON.stringify(module.href)};
    const errors = await Promise.all([${loaders.join(", ")}].map((load) => load().catch((thrown) => thrown)));
    console.log(JSON.stringify(errors.map(({ code, message, details }) => ({ code, message, details }))));`,
  );
