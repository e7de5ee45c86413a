import { once } from "node:events";
import { readdirSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, onTestFinished, test } from "vitest";
import { createSandbox } from "./create-sandbox.ts";

const sandbox = createSandbox();
afterAll(() => sandbox.close());

const MIB = 2 ** 20;

test("Python finds its input, prints, calls, and gives its last expression", async () => {
  const code = `import json, statistics\nprint("mean of", input["numbers"])\n[statistics.mean(input["numbers"]), await call("double", 21)]`;
  const functions = { double: (value: unknown) => Number(value) * 2 };
  expect(await sandbox.runPython(code, { input: { numbers: [1, 2, 3] }, functions })).toMatchObject({
    ok: true,
    value: [2, 42],
    output: "mean of [1, 2, 3]\n",
  });
});

test("runs cannot write to what others start from, and it goes with its sandbox", async () => {
  const own = createSandbox();
  const known = new Set(readdirSync(tmpdir()));
  const attack = `
from pyodide.code import run_js
said = []
def way(run):
    try: said.append("did " + str(run_js(run)))
    except BaseException as error: said.append("no")
way('const fs = process.getBuiltinModule("fs"); fs.truncateSync("/opt/agentcore/snapshot", 0)')
way('const fs = process.getBuiltinModule("fs"); fs.chmodSync("/opt/agentcore/snapshot", 0o777)')
way('process.getBuiltinModule("fs").statSync("/opt/agentcore/snapshot").size > 1000000')
said`;
  expect(await own.runPython(attack)).toMatchObject({ ok: true, value: ["no", "no", "did True"] });
  expect(await own.runPython("1 + 1")).toMatchObject({ ok: true, value: 2 });
  const made = readdirSync(tmpdir()).filter((name) => name.startsWith("agentcore-python-") && !known.has(name));
  expect(made).toHaveLength(1);
  expect(statSync(join(tmpdir(), made[0] ?? "")).mode & 0o777).toBe(0o700);
  await own.close();
  expect(readdirSync(tmpdir())).not.toContain(made[0]);
});

test("what it raises is told with its place; a value that is no JSON is an error too", async () => {
  const raised = await sandbox.runPython("def f():\n  return 1 / 0\nf()");
  expect(raised).toMatchObject({
    ok: false,
    error: { name: "ZeroDivisionError", trace: expect.stringMatching(/code\.py", line 2/) },
  });
  expect(JSON.stringify(raised)).not.toContain("eval_code");
  expect(await sandbox.runPython("raise SystemExit(3)")).toMatchObject({ ok: false, error: { name: "SystemExit" } });
  expect(await sandbox.runPython("object()")).toMatchObject({ ok: false, error: { name: "TypeError" } });
});

test("runs begin alike and draw different numbers", async () => {
  const draw = () =>
    sandbox.runPython("import random, sys\ninput_seen = 'left' in globals()\nleft = 1\n[random.random(), input_seen]");
  const [one, other] = await Promise.all([draw(), draw()]);
  expect(one).not.toEqual(other);
  expect([one, other]).toEqual([expect.objectContaining({ ok: true }), expect.objectContaining({ ok: true })]);
  expect(JSON.stringify([one, other])).not.toContain("true]");
});

test("even by way of the JavaScript beneath it, nothing of the host is there", async () => {
  const server = createServer((socket) => socket.end("hello")).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const { port } = server.address() as { port: number };
  process.env["AGENTCORE_TEST_SECRET"] = "hidden";
  onTestFinished(() => {
    delete process.env["AGENTCORE_TEST_SECRET"];
  });
  const code = `
from pyodide.code import run_js
said = {}
def way(name, run):
    try: said[name] = str(run())
    except BaseException as error: said[name] = type(error).__name__ + ": " + str(error)
way("open", lambda: open("/etc/passwd").read())
way("environment", lambda: __import__("os").environ)
way("fs", lambda: run_js("process.getBuiltinModule('node:fs').readFileSync('/etc/passwd', 'utf8')"))
way("write", lambda: run_js("process.getBuiltinModule('node:fs').writeFileSync('/opt/agentcore/x', 'x')"))
way("memory file", lambda: run_js("process.getBuiltinModule('node:fs').writeFileSync('/dev/shm/x', 'x')"))
way("env", lambda: run_js("JSON.stringify(process.env)"))
way("others", lambda: run_js("process.getBuiltinModule('node:fs').readdirSync('/proc').filter((name) => Number(name) > 10).length"))
way("spawn", lambda: run_js("String(process.getBuiltinModule('node:child_process').spawnSync(process.execPath, ['-v']).error)"))
way("snapshot", lambda: run_js('process.getBuiltinModule("fs").openSync("/opt/agentcore/snapshot", "r+")'))
way("uid", lambda: run_js("process.getuid()"))
import asyncio
said["connect"] = await run_js("new Promise((done) => process.getBuiltinModule('node:net').connect(${port}, '127.0.0.1').on('error', (e) => done(e.code)).on('connect', () => done('connected')))")
said["fetch"] = await run_js("fetch('http://192.0.2.1/').catch((e) => e.cause?.code ?? e.message)")
said`;
  const result = await sandbox.runPython(code);
  const said = (result.ok ? result.value : result) as Record<string, string>;
  expect(JSON.stringify(said)).not.toMatch(/hidden|root:/);
  expect(said).toMatchObject({
    open: expect.stringContaining("No such file"),
    fs: expect.stringContaining("ENOENT"),
    write: expect.stringMatching(/EROFS|EACCES/),
    "memory file": expect.stringMatching(/EROFS|EACCES/),
    others: "0",
    spawn: expect.stringMatching(/EPERM|ENOENT/),
    snapshot: expect.stringMatching(/EROFS|EACCES/),
    connect: "ECONNREFUSED",
    fetch: "ENETUNREACH",
  });
  expect(said["uid"]).not.toBe("0");
});

test("memory, time and output end it", async () => {
  const run = async (code: string, limits: object) => {
    const ended = await sandbox.runPython(code, { limits });
    return [ended.ok ? "it ended" : ended.limit, ended.output.length];
  };
  const ends = await Promise.all([
    run("len(bytearray(600 * 2 ** 20))", { memoryBytes: 128 * MIB }),
    run("kept = []\nwhile True: kept.append('x' * 100000 + str(len(kept)))", { memoryBytes: 64 * MIB }),
    run("while True: pass", { cpuMs: 200 }),
    run("import asyncio\nawait asyncio.sleep(60)", { wallMs: 200 }),
    run("while True: print('x' * 100)", { outputBytes: 5_000 }),
  ]);
  expect(ends).toEqual([
    ["memoryBytes", 0],
    ["memoryBytes", 0],
    ["cpuMs", 0],
    ["wallMs", 0],
    ["outputBytes", 5_000],
  ]);
});
