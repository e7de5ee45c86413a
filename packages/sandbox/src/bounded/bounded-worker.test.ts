import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, onTestFinished, test } from "vitest";
import { openProcess, openThread } from "./index.ts";

const file = new URL("../../test/busy-worker.ts", import.meta.url);
const timeoutMs = 10_000;

describe.each([
  ["thread", openThread, "its thread has ended", 100],
  // Which is some 100 itself.
  ["process", openProcess, "its process has ended (3)", 300],
] as const)("a %s", (_, open, hasEnded, mebibytes) => {
  const options = { file, doing: "reading", memoryBytes: mebibytes * 1024 * 1024 };
  const thread = open(options);
  afterAll(() => thread.close());

  test("a call is answered, one after the other, without the environment", async () => {
    const calls = [1, "two", { three: 3 }].map((value) => thread.call(value, { timeoutMs }));
    expect(await Promise.all(calls)).toEqual([{ got: 1 }, { got: "two" }, { got: { three: 3 } }]);
    expect(await thread.call("environment", { timeoutMs })).toBe(0);
  });

  test("what it throws keeps its code; what has none is not the caller's mistake", async () => {
    await expect(thread.call("refuse", { timeoutMs })).rejects.toMatchObject({
      ...{ code: "NOT_FOUND", message: "reading: no such page" },
    });
    await expect(thread.call("break", { timeoutMs })).rejects.toMatchObject({ code: "UPSTREAM_FAILED" });
  });

  test.each([
    ["loop", { timeoutMs: 300 }, { code: "DEADLINE_EXCEEDED", message: "reading took more than 300 ms" }],
    ["buffers", { timeoutMs }, { code: "TOO_LARGE", message: `reading took more than ${mebibytes} MiB of memory` }],
    ["heap", { timeoutMs }, { code: "TOO_LARGE", message: `reading took more than ${mebibytes} MiB of memory` }],
    ["exit", { timeoutMs }, { code: "UPSTREAM_FAILED", message: `reading: ${hasEnded}` }],
  ])("one that does not come back (%s) is ended, and the next call has another", async (value, call, error) => {
    await expect(thread.call(value, call)).rejects.toMatchObject(error);
    expect(await thread.call("next", { timeoutMs })).toEqual({ got: "next" });
  });

  test("an abort ends it at once, and what waits goes on", async () => {
    const stop = new AbortController();
    const looping = thread.call("loop", { timeoutMs, signal: stop.signal });
    const waiting = thread.call("waits", { timeoutMs });
    await new Promise(setImmediate);
    stop.abort(new Error("enough"));
    await expect(looping).rejects.toThrow("enough");
    expect(await waiting).toEqual({ got: "waits" });
  });

  test("one that waits for its turn leaves at once when it is aborted", async () => {
    const [stop, stopWaiting] = [new AbortController(), new AbortController()];
    const looping = thread.call("loop", { timeoutMs, signal: stop.signal });
    const waiting = thread.call("waits", { timeoutMs, signal: stopWaiting.signal });
    stopWaiting.abort(new Error("nobody waits"));
    await expect(waiting).rejects.toThrow("nobody waits");
    stop.abort(new Error("enough"));
    await expect(looping).rejects.toThrow("enough");
  });

  test("what cannot be sent is refused, and the next call has another", async () => {
    await expect(thread.call(() => 1, { timeoutMs })).rejects.toThrow("could not be cloned");
    expect(await thread.call("next", { timeoutMs })).toEqual({ got: "next" });
  });

  test("more calls than may wait are refused; closing ends all of them", async () => {
    const small = open({ ...options, maxWaiting: 1 });
    const calls = [1, 2, 3].map(() => small.call("loop", { timeoutMs }).catch((error: unknown) => error));
    expect(await calls[2]).toMatchObject({ code: "OVERLOADED" });
    await small.close();
    expect(await Promise.all(calls.slice(0, 2))).toMatchObject([{ code: "CANCELED" }, { code: "CANCELED" }]);
    await expect(small.call("late", { timeoutMs })).rejects.toMatchObject({ code: "CANCELED" });
  });

  test("one that nobody calls ends by itself", async () => {
    const short = open({ ...options, idleMs: 1 });
    expect(await Promise.all([1, 2].map(() => short.call("count", { timeoutMs })))).toEqual([1, 2]);
    await expect.poll(() => short.call("count", { timeoutMs }), { timeout: timeoutMs, interval: 20 }).toBe(1);
    await short.close();
  });
});

test("a process that cannot be started fails the call", async () => {
  const { execPath } = process;
  onTestFinished(() => {
    process.execPath = execPath;
  });
  process.execPath = "/nowhere/node";
  const worker = openProcess({ file, doing: "reading" });
  await expect(worker.call("one", { timeoutMs })).rejects.toMatchObject({ code: "UPSTREAM_FAILED" });
  process.execPath = execPath;
  expect(await worker.call("next", { timeoutMs })).toEqual({ got: "next" });
  await worker.close();
});

test("a busy process does not outlive a node that was killed", async () => {
  const script = fileURLToPath(new URL("../../test/leave-busy-process.ts", import.meta.url));
  const node = spawn(process.execPath, ["-C", "agentcore-source", script], { stdio: ["ignore", "pipe", "inherit"] });
  const id = Number(String(await once(node.stdout, "data")));
  expect(process.kill(id, 0)).toBe(true);
  node.kill("SIGKILL");
  await expect.poll(() => isThere(id), { timeout: 10_000, interval: 50 }).toBe(false);
});

test("a program ends with its work, and does not wait for what is idle", async () => {
  const script = fileURLToPath(new URL("../../test/end-with-idle-thread.ts", import.meta.url));
  const program = spawn(process.execPath, ["-C", "agentcore-source", script], { stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(program, "exit");
  await once(program.stdout, "data");
  // After 10 s it would end in any case.
  const late = new Promise((resolve) => setTimeout(resolve, 5_000, "late").unref());
  expect(await Promise.race([exited, late])).toEqual([0, null]);
});

test("a program that waits for one to be closed is not ended before", async () => {
  const script = fileURLToPath(new URL("../../test/close-workers.ts", import.meta.url));
  const program = spawn(process.execPath, ["-C", "agentcore-source", script], { stdio: ["ignore", "pipe", "ignore"] });
  const said = text(program.stdout);
  expect([await once(program, "exit"), await said]).toEqual([[0, null], "closed"]);
});

const isThere = (id: number): boolean => {
  try {
    return process.kill(id, 0);
  } catch {
    return false;
  }
};
