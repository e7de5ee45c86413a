import type { CodeOptions, CodeResult } from "@agentcore/sandbox";
import { expect, test, vi } from "vitest";
import { javascriptTool, programTool, pythonTool } from "./index.ts";

const USAGE = { wallMs: 1, cpuMs: 1, peakMemoryBytes: 1 };
const context = { signal: new AbortController().signal, idempotencyKey: "key" };
const answering = (result: CodeResult) => vi.fn((_code: string, _options?: CodeOptions) => Promise.resolve(result));

test("a model is told how to write code, and the code runs with the limits and functions of the author", async () => {
  const runJavaScript = answering({ ok: true, value: 42, output: "hi\n", usage: USAGE });
  const functions = { price: () => 5 };
  const tool = javascriptTool({ runJavaScript }, { limits: { cpuMs: 500 }, functions });
  expect(tool).toMatchObject({ name: "run_javascript", description: expect.stringMatching(/`return`.*call.*price/) });
  expect(tool.inputJsonSchema).toMatchObject({ required: ["code"], properties: { code: { type: "string" } } });
  expect(await tool.execute({ code: "return 42", input: [1] }, context)).toEqual({ value: 42, output: "hi\n" });
  expect(runJavaScript).toHaveBeenCalledWith("return 42", {
    ...{ input: [1], limits: { cpuMs: 500 }, functions, signal: context.signal },
  });
});

test("that code fails, or meets a limit, is an answer", async () => {
  const trace = "Traceback …\nZeroDivisionError: division by zero";
  const error = { name: "ZeroDivisionError", message: "division by zero", trace };
  const failing = pythonTool({ runPython: answering({ ok: false, error, output: "", usage: USAGE }) });
  expect(await failing.execute({ code: "1/0" }, context)).toEqual({ error: trace, output: "" });
  const ended = { name: "LimitExceeded", message: "it was ended for its limit cpuMs" };
  const endless = pythonTool({
    runPython: answering({ ok: false, error: ended, limit: "cpuMs", output: "", usage: USAGE }),
  });
  expect(await endless.execute({ code: "while True: pass" }, context)).toEqual({
    ...{ error: "LimitExceeded: it was ended for its limit cpuMs", limit: "cpuMs", output: "" },
  });
});

test("only programs that the author named may be run", async () => {
  const runProgram = vi.fn(() => Promise.resolve({ exitCode: 0, stdout: "2\n", stderr: "", usage: USAGE }));
  const tool = programTool({ runProgram }, { programs: ["wc", "sort"], limits: { cpuMs: 500 } });
  expect(await tool.input["~standard"].validate({ program: "sh", arguments: ["-c", "id"] })).toHaveProperty("issues");
  expect(await tool.execute({ program: "wc", arguments: ["-l", "$(id)"], stdin: "a\nb\n" }, context)).toEqual({
    ...{ exitCode: 0, stdout: "2\n", stderr: "" },
  });
  expect(runProgram).toHaveBeenCalledWith(
    ["wc", "-l", "$(id)"],
    expect.objectContaining({ stdin: "a\nb\n", limits: { cpuMs: 500 } }),
  );
  expect(() => programTool({ runProgram }, { programs: [] })).toThrow("programs");
});

test("what of the network a program asked for in vain, a model is told", async () => {
  const refusedHosts = [{ host: "evil.example", port: 443, why: "it is not among the hosts that may be reached" }];
  const said = { exitCode: 56, stdout: "", stderr: "403", refusedHosts };
  const runProgram = vi.fn(() => Promise.resolve({ ...said, usage: USAGE }));
  const tool = programTool({ runProgram }, { programs: ["curl"], limits: { network: { hosts: ["api.example"] } } });
  expect(await tool.execute({ program: "curl" }, context)).toEqual(said);
});
