import { afterAll, expect, test } from "vitest";
import { createSandbox } from "./create-sandbox.ts";

const sandbox = createSandbox();
afterAll(() => sandbox.close());

const MIB = 2 ** 20;
const valueOf = async (code: string, options?: Parameters<typeof sandbox.runJavaScript>[1]): Promise<unknown> => {
  const result = await sandbox.runJavaScript(code, options);
  return result.ok ? result.value : result;
};

test("code finds its input, prints, and gives what it returns", async () => {
  const code = `console.log("sum", [1], { a: undefined }, new Error("e").message);\nreturn input.numbers.reduce((a, b) => a + b)`;
  const said = await sandbox.runJavaScript(code, { input: { numbers: [1, 2, 39] } });
  expect(said).toMatchObject({ ok: true, value: 42, output: "sum [1] {} e\n" });
  expect(await valueOf("")).toBeNull();
  expect(await valueOf("return await new Promise((done) => done(input))")).toBeNull();
});

test("what it throws and mistakes in it are told with their place", async () => {
  expect(await valueOf("\nnull.x")).toMatchObject({
    ok: false,
    error: {
      name: "TypeError",
      message: expect.stringContaining("null"),
      trace: expect.stringContaining("code.js:2:"),
    },
  });
  expect(await valueOf("\n\nlet = ;")).toMatchObject({
    error: { name: "SyntaxError", message: expect.stringContaining("code.js:3:") },
  });
  expect(await valueOf("throw { toString() { throw 1 } }")).toMatchObject({ ok: false });
  expect(await valueOf("return 5n")).toMatchObject({ ok: false, error: { name: "TypeError" } });
});

test("it reaches functions of its caller by name, and of their errors the message alone", async () => {
  const functions = {
    add: (numbers: unknown) => (numbers as number[]).reduce((a, b) => a + b),
    fail: () => Promise.reject(Object.assign(new Error("not today"), { secret: "hidden" })),
    silent: () => undefined,
  };
  expect(await valueOf(`return [await call("add", [1, 2]), await call("silent")]`, { functions })).toEqual([3, null]);
  const told = await valueOf(
    `try { await call("fail") } catch (error) { return [error.message, error.stack, error.secret ?? null] }`,
    { functions },
  );
  expect(told).toEqual(["not today", expect.not.stringContaining("serve-run"), null]);
  expect(await valueOf(`return await call("toString")`, { functions })).toMatchObject({
    error: { message: expect.stringContaining("there are: add, fail, silent") },
  });
});

test("who calls on and on without listening is ended", async () => {
  const functions = { echo: (value: unknown) => value };
  const deaf = `for (;;) { try { await call("echo", 1) } catch {} }`;
  expect(await sandbox.runJavaScript(deaf, { functions })).toMatchObject({ ok: false, limit: "outputBytes" });
});

test("calls are bounded in number, at once and in size", async () => {
  const functions = { echo: (value: unknown) => value, slow: () => new Promise((done) => setTimeout(done, 50)) };
  const many = `const said = await Promise.allSettled(Array.from({ length: 20 }, () => call("slow")));
    return said.filter(({ status }) => status === "rejected").length`;
  expect(await valueOf(many, { functions })).toBe(4);
  expect(await valueOf(`for (let i = 0; ; i++) try { await call("echo", i) } catch { return i }`, { functions })).toBe(
    1_000,
  );
  const large = await valueOf(`return await call("echo", "x".repeat(3000))`, {
    functions,
    limits: { outputBytes: 2_000 },
  });
  expect(large).toMatchObject({ ok: false, error: { message: expect.stringContaining("2000 bytes") } });
});

test("nothing of the host is there: no way leads from any object to this process", async () => {
  const ways = `
    const ways = {
      global: () => this.constructor.constructor("return process")(),
      functions: () => call.constructor("return process")(),
      console: () => console.log.constructor("return process")(),
      input: () => input.list.constructor.constructor("return process")(),
      error: () => { try { null.x } catch (error) { return error.constructor.constructor("return process")() } },
      module: () => require("fs"),
      names: () => [typeof process, typeof require, typeof module, typeof Buffer, typeof fetch, typeof setTimeout, typeof Deno, typeof globalThis.ivm].join(),
    };
    const ends = {};
    for (const [name, way] of Object.entries(ways)) try { ends[name] = String(await way()) } catch (error) { ends[name] = error.message }
    try { await call("fail") } catch (error) { try { ends.called = String(error.constructor.constructor("return process")()) } catch (again) { ends.called = again.message } }
    try { const answer = await call("list"); ends.answer = String(answer.constructor.constructor("return process")()) } catch (again) { ends.answer = again.message }
    try { await import("fs"); ends.import = "imported" } catch (error) { ends.import = error.message }
    Error.prepareStackTrace = (error, sites) => sites;
    const found = new Error().stack.flatMap((site) => [site.getThis?.(), site.getFunction?.()]).filter(Boolean);
    ends.sites = String(await Promise.all(found.map((one) => one.constructor.constructor("return typeof process")())));
    return ends;`;
  const functions = { fail: () => Promise.reject(new Error("no")), list: () => [1] };
  const ends = (await valueOf(ways, { functions, input: { list: [1] } })) as Record<string, string>;
  for (const name of ["global", "functions", "console", "input", "error", "called", "answer"])
    expect([name, ends[name]]).toEqual([name, "process is not defined"]);
  expect(ends["module"]).toBe("require is not defined");
  expect(ends["import"]).toMatch(/Not supported|import/);
  expect(ends["names"]).toBe(Array(8).fill("undefined").join());
  expect(ends["sites"]).not.toMatch(/object/);
});

test("globals that the code replaces deceive itself alone", async () => {
  const deceit = `JSON.stringify = () => "v{broken"; JSON.parse = () => ({}); Promise.prototype.then = undefined;
    Object.prototype.toJSON = () => "changed"; String = () => "vnull"; return { a: 1 }`;
  const said = await sandbox.runJavaScript(deceit, { limits: { wallMs: 1_000 } });
  expect(JSON.stringify(said)).not.toContain("process");
  expect(await valueOf(`Object.prototype.type = "done"; Object.prototype.value = "5"; null.x`)).toMatchObject({
    ok: false,
  });
});

test("memory ends it: on the heap, in buffers, in what the isolate's own limit leaves out, and where V8 gives up altogether", async () => {
  const limits = { memoryBytes: 64 * MIB, cpuMs: 20_000 };
  const attacks = [
    "const all = []; for (;;) all.push({ x: new Array(1000).fill(1.5) })",
    "const all = []; for (;;) all.push('y'.repeat(1e6) + all.length)",
    "new Array(2 ** 31).fill(0)",
    "const b = new ArrayBuffer(8, { maxByteLength: 2 ** 32 }); b.resize(2 ** 31); new Uint8Array(b).fill(1); return 'kept'",
    "const s = new SharedArrayBuffer(8, { maxByteLength: 2 ** 31 }); s.grow(2 ** 30); new Uint8Array(s).fill(1); return 'kept'",
    "const m = new WebAssembly.Memory({ initial: 1, maximum: 65536 }); m.grow(16000); new Uint8Array(m.buffer).fill(1); return 'kept'",
    "const s = 'x'.repeat(2 ** 28); const all = []; for (let i = 0; i < 100; i++) all.push((s + i).split('')); return 'kept'",
  ];
  const ends = await Promise.all(attacks.map((code) => sandbox.runJavaScript(code, { limits })));
  for (const [index, ended] of ends.entries())
    expect([attacks[index], ended.ok, ended.usage.peakMemoryBytes < 200 * MIB]).toEqual([attacks[index], false, true]);
  const refused = await sandbox.runJavaScript("const all = []; for (;;) all.push(new Uint8Array(1e6).fill(1))", {
    limits,
  });
  expect(refused).toMatchObject({ ok: false, error: { name: "RangeError" } });
  const modest = await sandbox.runJavaScript("return new Uint8Array(3e7).fill(1).length", { limits });
  expect(modest).toMatchObject({ ok: true, value: 3e7 });
});

test("time ends it: a busy loop, one that hides in the telling of its error, a wait", async () => {
  const busy = [
    "for (;;);",
    "Error.prepareStackTrace = () => { for (;;); }; null.x",
    "/(a+)+$/.test('a'.repeat(40) + 'b')",
    "const more = () => Promise.resolve().then(more); await more()",
  ];
  const waiting = ["await new Promise(() => {})", "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1e6)"];
  const limitOf = async (code: string, limits: object) => {
    const ended = await sandbox.runJavaScript(code, { limits });
    return [code, ended.ok ? "it ended" : ended.limit];
  };
  for (const [code, limit] of await Promise.all(busy.map((each) => limitOf(each, { cpuMs: 150, wallMs: 20_000 }))))
    expect([code, limit]).toEqual([code, expect.stringMatching(/cpuMs|memoryBytes/)]);
  for (const [code, limit] of await Promise.all(waiting.map((each) => limitOf(each, { wallMs: 150 }))))
    expect([code, limit]).toEqual([code, "wallMs"]);
});

test("output and values without end are cut off", async () => {
  const limits = { outputBytes: 5_000 };
  const flood = await sandbox.runJavaScript(`for (;;) console.log("x".repeat(100))`, { limits });
  expect(flood).toMatchObject({ ok: false, limit: "outputBytes", output: expect.stringMatching(/^(x{100}\n)+/) });
  expect(flood.output.length).toBe(5_000);
  expect(await valueOf(`return "x".repeat(6000)`, { limits })).toMatchObject({ limit: "outputBytes" });
  expect(await valueOf(`throw new Error("x".repeat(6000))`, { limits })).toMatchObject({ limit: "outputBytes" });
});

test("what code has no use for is refused, and so is what is no JSON", async () => {
  for (const [code, options] of [
    ["1", { limits: { processes: 2 } }],
    ["1", { limits: { network: "host" } }],
    ["1", { limits: { fileBytes: 5 } }],
    ["1", { input: 5n }],
    ["x".repeat(2 ** 21), {}],
  ] as [string, object][])
    await expect(sandbox.runJavaScript(code, options)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
});
