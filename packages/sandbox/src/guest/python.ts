/**
 * Runs inside: Python in WebAssembly. It reaches this process's JavaScript if it tries, so the walls are those of the process.
 * Started with `snapshot` it writes what a started Python's memory is to descriptor 4, and ends; else it starts from the file that it is given.
 */
import { readFileSync, writeSync } from "node:fs";
import { loadPyodide } from "pyodide";
import { readEnd, serveRun } from "./serve-run.ts";

const SNAPSHOT_FD = 4;

/** Settings that pyodide has and does not declare. */
interface SnapshotOptions {
  readonly _makeSnapshot?: boolean;
  readonly _loadSnapshot?: Uint8Array;
}
interface WithSnapshot {
  makeMemorySnapshot(): Uint8Array;
}

const asked = process.argv[2] ?? "";
if (asked === "snapshot") {
  const python = await loadPyodide({ _makeSnapshot: true } as SnapshotOptions);
  const bytes = (python as unknown as WithSnapshot).makeMemorySnapshot();
  for (let at = 0; at < bytes.length; ) at += writeSync(SNAPSHOT_FD, bytes, at, bytes.length - at, at);
  process.exit(0);
}

// Numbers drawn before the snapshot would come the same in every run.
const PRELUDE = `
async def _agentcore_run(code, input, names, ask):
    import json, sys, traceback
    from pyodide.code import eval_code_async
    if "random" in sys.modules:
        sys.modules["random"].seed()
    known = list(names)
    async def call(name, value=None):
        if name not in known:
            raise NameError(f"there is no function {name!r}; there are: {', '.join(known) or 'none'}")
        return json.loads(await ask(name, json.dumps(value)))
    try:
        value = await eval_code_async(code, globals={"__name__": "__main__", "input": json.loads(input), "call": call}, filename="code.py")
        return "v" + json.dumps(value, allow_nan=False)
    except BaseException as error:
        lines = traceback.format_exception(error)
        # Without the frames of whoever runs it.
        first = next((index for index, line in enumerate(lines) if 'File "code.py"' in line), 1)
        told = {"name": type(error).__name__, "message": str(error), "trace": "".join([lines[0], *lines[first:]])}
        return "e" + json.dumps(told)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
_agentcore_run
`;

const python = await loadPyodide({ _loadSnapshot: new Uint8Array(readFileSync(asked)) } as SnapshotOptions);
const start = python.runPython(PRELUDE) as (...values: unknown[]) => Promise<string>;

serveRun(async (request, outside) => {
  const write = (bytes: Uint8Array): number => {
    outside.print(bytes);
    return bytes.length;
  };
  python.setStdout({ write });
  python.setStderr({ write });
  return readEnd(await start(request.code, request.input, python.toPy(request.functions), outside.call), request);
});
