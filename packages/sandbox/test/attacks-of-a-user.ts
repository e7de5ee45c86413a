/** Run as somebody who is not root and may make no cgroup: tells, as JSON, what came of each attack. */
import { createSandbox, probeSandbox } from "../src/index.ts";

const sandbox = createSandbox();
const MIB = 2 ** 20;
const limits = { memoryBytes: 64 * MIB, cpuMs: 2_000, wallMs: 20_000 };
const outcome = async (run: () => Promise<unknown>): Promise<unknown> =>
  run().catch((error: unknown) => ({ thrown: (error as { code?: string }).code, message: (error as Error).message }));
const javascript = (code: string, more = {}) =>
  outcome(() => sandbox.runJavaScript(code, { limits: { ...limits, ...more } }));
const python = (code: string, more = {}) => outcome(() => sandbox.runPython(code, { limits: { ...limits, ...more } }));

const attacks: Readonly<Record<string, () => unknown>> = {
  uid: () => process.getuid?.(),
  abilities: probeSandbox,
  value: () => javascript("return 1"),
  heap: () => javascript("const all = []; for (;;) all.push({ x: new Array(1000).fill(1.5) })"),
  buffer: () =>
    javascript(
      "const b = new ArrayBuffer(8, { maxByteLength: 2 ** 32 }); b.resize(2 ** 31); new Uint8Array(b).fill(1); return 'kept'",
    ),
  wasm: () =>
    javascript(
      "const m = new WebAssembly.Memory({ initial: 1, maximum: 65536 }); m.grow(16000); new Uint8Array(m.buffer).fill(1); return 'kept'",
    ),
  loop: () => javascript("for (;;);", { cpuMs: 150 }),
  wait: () => javascript("await new Promise(() => {})", { wallMs: 150 }),
  python: () => python("1 + 1"),
  pythonMemory: () => python("len(bytearray(1200 * 2 ** 20))"),
  pythonLoop: () => python("while True: pass", { cpuMs: 200 }),
  pythonSpawn: () =>
    python(
      "from pyodide.code import run_js\nrun_js(\"String(process.getBuiltinModule('node:child_process').spawnSync(process.execPath, ['-v']).error)\")",
    ),
  pythonSnapshot: () =>
    python(
      `from pyodide.code import run_js\nrun_js("process.getBuiltinModule('fs').chmodSync('/opt/agentcore/snapshot', 0o666)")`,
    ),
  pythonFile: () =>
    python(
      "from pyodide.code import run_js\nrun_js(\"process.getBuiltinModule('node:fs').readFileSync('/etc/passwd', 'utf8')\")",
    ),
  program: () => outcome(() => sandbox.runProgram(["true"])),
};
const said = Object.fromEntries(
  await Promise.all(Object.entries(attacks).map(async ([name, attack]) => [name, await attack()] as const)),
);
await sandbox.close();
console.log(JSON.stringify(said));
