/**
 * Runs inside: code of others in an isolate of its own, which has the language and nothing of Node. This process is the second wall: the
 * isolate's own limit of memory leaves out what is not on its heap, and some of what V8 meets ends the whole process.
 */
import ivm from "isolated-vm";
import type { RunEnd, RunRequest } from "./messages.ts";
import { type Outside, readEnd, serveRun } from "./serve-run.ts";

/**
 * Within the isolate, before the code: what it takes to be the world. What it needs later it holds by itself, since the code may replace
 * every global. $0 prints, $1 calls, $2 are the names of functions.
 */
const PRELUDE = `
  const { stringify, parse } = JSON;
  const show = (value) => {
    if (typeof value === "string") return value;
    if (value instanceof Error) return value.stack;
    try { return stringify(value) ?? String(value); } catch { return String(value); }
  };
  const print = (...values) => { $0.applySync(undefined, [values.map(show).join(" ") + "\\n"]); };
  globalThis.console = { log: print, info: print, warn: print, error: print, debug: print };
  const functions = $2;
  globalThis.call = async (name, input) => {
    if (!functions.includes(name)) throw new Error("there is no function " + show(name) + "; there are: " + (functions.join(", ") || "none"));
    let output;
    try {
      output = await $1.apply(undefined, [name, stringify(input ?? null)], { result: { promise: true } });
    } catch (error) {
      // Of this world, and without the places of the other.
      throw new Error(error.message);
    }
    return parse(output);
  };
  return async (run, input) => {
    try {
      const value = await run(parse(input));
      return "v" + (stringify(value) ?? "null");
    } catch (error) {
      const text = (read) => { try { return String(read()); } catch { return ""; } };
      return "e" + stringify(error instanceof Error
        ? { name: text(() => error.name), message: text(() => error.message), trace: text(() => error.stack) }
        : { name: "Error", message: "it threw " + text(() => show(error)) });
    }
  };
`;

const MEBIBYTE = 2 ** 20;

const run = async (request: RunRequest, outside: Outside): Promise<RunEnd> => {
  const isolate = new ivm.Isolate({
    memoryLimit: Math.max(8, Math.floor(request.memoryBytes / MEBIBYTE)),
    // Its thread goes on for ever then; the process must not.
    onCatastrophicError: () => outside.end({ type: "exceeded", limit: "memoryBytes" }),
  });
  try {
    const context = await isolate.createContext();
    const print = new ivm.Reference((text: unknown) => outside.print(String(text)));
    const call = new ivm.Reference(outside.call);
    const functions = new ivm.ExternalCopy(request.functions).copyInto();
    const world = await context.evalClosure(PRELUDE, [print, call, functions], { result: { reference: true } });
    // The first line is the wrapper's.
    const options = { filename: "code.js", lineOffset: -1 };
    const script = await isolate.compileScript(`(async (input) => {\n${request.code}\n})`, options);
    const body = await script.run(context, { reference: true });
    const arguments_ = [body.derefInto(), request.input];
    return readEnd(
      String(await world.apply(undefined, arguments_, { result: { promise: true, copy: true } })),
      request,
    );
  } catch (error) {
    if (isolate.isDisposed) return { type: "exceeded", limit: "memoryBytes" };
    // A mistake of syntax, whose message tells the place, or an error that the isolate could not tell.
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    return { type: "failed", error: { name, message } };
  }
};

serveRun(run);
