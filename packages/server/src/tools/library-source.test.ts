import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { ToolLibrarySpec } from "@agentcore/contract";
import { type Reach, type ToolSurroundings, tool, toolLibrary } from "@agentcore/sdk";
import { expect, onTestFinished, test, vi } from "vitest";
import { WebSocketServer } from "ws";
import { z } from "zod";
import { openLibrary } from "./library-source.ts";
import type { ToolSource } from "./source-pool.ts";

const never = new AbortController().signal;

const echo = tool({
  name: "echo",
  description: "Says it",
  input: z.object({ say: z.string().default("nothing") }),
  readOnly: true,
  execute: ({ say }) => say,
});

const open = async (
  give: (surroundings: ToolSurroundings) => readonly unknown[] | Promise<readonly unknown[]>,
  {
    spec = {},
    reaches = [],
    allowPrivate = false,
  }: Partial<{ spec: Partial<ToolLibrarySpec>; reaches: Reach[]; allowPrivate: boolean }> = {},
): Promise<ToolSource> => {
  const library = toolLibrary({
    name: "test",
    description: "For tests",
    options: z.strictObject({}),
    open: (_options, surroundings) => give(surroundings) as never,
  });
  const source = await openLibrary(
    { library, options: {}, reaches },
    {
      ...{ what: 'tool library "it"', tenantId: "acme", spec: { name: "test", ...spec }, allowPrivate },
      readVariable: (variable) => `value of ${variable}`,
      embed: async (model, texts) => texts.map((text) => [model.length, text.length]),
      onReleaseFailed: () => undefined,
    },
    never,
  );
  onTestFinished(() => source.close());
  return source;
};

const call = (source: ToolSource, name: string, input: object = {}, signal = never) =>
  source.call({ tool: name, input: input as Record<string, unknown>, idempotencyKey: "k", mayRepeat: false, signal });

test("what a tool says of itself is listed, and its own schema holds its input", async () => {
  const pay = tool({
    name: "pay",
    description: "Pays",
    input: z.object({ euro: z.number().positive() }),
    output: z.object({ paid: z.number() }),
    ...{ permission: "money:pay", timeoutMs: 500, costUsd: 0.1, maxCalls: 2, approval: "always", approvers: ["bob"] },
    execute: ({ euro }, { idempotencyKey }) => ({ paid: euro, key: idempotencyKey }),
  });
  const source = await open(() => [echo, pay], { spec: { timeoutMs: 1000 } });
  expect(await source.list(never)).toMatchObject([
    { name: "echo", hints: { readOnly: true }, terms: { timeoutMs: 1000 } },
    {
      name: "pay",
      terms: {
        permission: "money:pay",
        timeoutMs: 500,
        costUsd: 0.1,
        maxCalls: 2,
        approval: "always",
        approvers: ["bob"],
      },
    },
  ]);
  expect(await call(source, "echo")).toBe("nothing");
  expect(await call(source, "pay", { euro: 2 })).toEqual({ paid: 2 });
  await expect(call(source, "pay", { euro: -1 })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
});

test.each([
  ["a function as approval", () => [{ ...echo, approval: () => true }], /function cannot be recorded/],
  ["two tools of one name", () => [echo, echo], /one name/],
  ["input that is no object", () => [{ ...echo, inputJsonSchema: { type: "string" } }], /expected an object/],
])("%s is refused when it is opened", async (_what, give, message) => {
  await expect(open(give)).rejects.toMatchObject({ code: "CONFIG_INVALID", message: expect.stringMatching(message) });
});

test("agents get the tools that the manifest names; one that there is not is told", async () => {
  const other = { ...echo, name: "other" };
  const source = await open(() => [echo, other], { spec: { tools: ["other"] } });
  expect((await source.list(never)).map(({ name }) => name)).toEqual(["other"]);
  await expect(call(source, "echo")).rejects.toMatchObject({ code: "UPSTREAM_FAILED", retryable: false });
  await expect(open(() => [echo], { spec: { tools: ["gone"] } })).rejects.toMatchObject({ code: "CONFIG_INVALID" });
});

test("a result over the bound is refused, and one at it is not", async () => {
  const long = tool({
    name: "long",
    description: "Long",
    input: z.object({ size: z.number() }),
    execute: ({ size }) => "x".repeat(size),
  });
  const source = await open(() => [long], { spec: { maxResultBytes: 1024 } });
  expect(await call(source, "long", { size: 1022 })).toHaveLength(1022);
  await expect(call(source, "long", { size: 1023 })).rejects.toMatchObject({
    ...{ code: "UPSTREAM_FAILED", retryable: false, message: expect.stringContaining("1024 are allowed") },
  });
});

const deaf = tool({
  name: "deaf",
  description: "Hears nothing",
  input: z.object({}),
  execute: () => new Promise(() => undefined),
});

test("a tool that heeds no signal is left after its time, and when its caller goes", async () => {
  const source = await open(() => [deaf], { spec: { timeoutMs: 100 } });
  await expect(call(source, "deaf")).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
  const going = new AbortController();
  const left = call(source, "deaf", {}, going.signal);
  going.abort(new Error("nobody waits"));
  await expect(left).rejects.toThrow("nobody waits");
});

test("one that never opens is left after its time", async () => {
  await expect(open(() => new Promise(() => undefined), { spec: { timeoutMs: 100 } })).rejects.toMatchObject({
    ...{ code: "DEADLINE_EXCEEDED", message: expect.stringContaining("was not open after 100 ms") },
  });
});

test("closing ends what is under way, then puts away what was opened, the last first", async () => {
  const said: string[] = [];
  const source = await open(({ signal, onClose }) => {
    onClose(() => void said.push("first"));
    onClose(async () => void said.push("last"));
    signal.addEventListener("abort", () => said.push("aborted"));
    return [
      tool({
        name: "wait",
        description: "Waits",
        input: z.object({}),
        execute: (_input, context) =>
          new Promise((_resolve, reject) => {
            context.signal.addEventListener("abort", () => {
              said.push("heard");
              reject(context.signal.reason);
            });
          }),
      }),
    ];
  });
  const waiting = source.call({ tool: "wait", input: {}, idempotencyKey: "k", mayRepeat: true, signal: never });
  const failed = expect(waiting).rejects.toMatchObject({ code: "UNAVAILABLE" });
  await vi.waitFor(() => expect(source.isOpen).toBe(true));
  await source.close();
  await failed;
  expect(said.toSorted()).toEqual(["aborted", "first", "heard", "last"]);
  expect(said.slice(-2)).toEqual(["last", "first"]);
  await expect(call(source, "wait")).rejects.toMatchObject({ code: "UNAVAILABLE", retryable: true });
});

test("a call that is under way when it is closed may have acted, and says so where that matters", async () => {
  const source = await open(() => [deaf]);
  const once = call(source, "deaf");
  const again = source.call({ tool: "deaf", input: {}, idempotencyKey: "k", mayRepeat: true, signal: never });
  const failed = Promise.all([
    expect(once).rejects.toMatchObject({ code: "OUTCOME_UNKNOWN" }),
    expect(again).rejects.toMatchObject({ code: "UNAVAILABLE", retryable: true }),
  ]);
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const closed = source.close();
  await vi.advanceTimersByTimeAsync(10_000);
  await closed;
  await failed;
});

test("what one that cannot be opened has opened before is put away", async () => {
  const release = vi.fn();
  await expect(
    open(({ onClose }) => {
      onClose(release);
      throw new Error("no");
    }),
  ).rejects.toThrow("no");
  expect(release).toHaveBeenCalledOnce();
});

test("it reads the secrets that its options name, and no others", async () => {
  const source = await open(
    ({ secret }) => {
      const named = secret("DESK_TOKEN");
      expect(() => secret("OTHER_TOKEN")).toThrow(/name no secret OTHER_TOKEN/);
      return [{ ...echo, description: named }];
    },
    { reaches: [{ field: "key", kind: "secret", value: "DESK_TOKEN" }] },
  );
  expect((await source.list(never))[0]?.description).toBe("value of DESK_TOKEN");
});

test("it reaches origins that the manifest names, and of all others none of this machine", async () => {
  const server = createServer((_request, response) => response.end("here")).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => void server.close());
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const asking = async (reaches: Reach[]) => {
    let fetching: ToolSurroundings["fetch"] | undefined;
    await open(
      ({ fetch }) => {
        fetching = fetch;
        return [];
      },
      { reaches },
    );
    return fetching as ToolSurroundings["fetch"];
  };
  const named = await asking([{ field: "url", kind: "address", value: `${origin}/x` }]);
  expect(await (await named(`${origin}/y`)).text()).toBe("here");
  for (const url of [origin.replace("127.0.0.1", "localhost"), "http://169.254.169.254/", "http://10.0.0.1/"])
    await expect(named(url)).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  const unnamed = await asking([]);
  await expect(unnamed(origin)).rejects.toMatchObject({
    ...{ code: "CONFIG_INVALID", message: expect.stringContaining("called only with its origin named") },
  });
  await expect(unnamed("file:///etc/passwd")).rejects.toThrow();
});

test("a WebSocket goes where a call would, and ends with what it was opened for", async () => {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => server.close());
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let given: ToolSurroundings | undefined;
  const source = await open(
    (surroundings) => {
      given = surroundings;
      return [];
    },
    { reaches: [{ field: "url", kind: "address", value: url }] },
  );
  const socket = await given?.webSocket(url);
  const waiting = socket?.next();
  await expect(given?.webSocket(url.replace("127.0.0.1", "localhost"))).rejects.toMatchObject({
    code: "CONFIG_INVALID",
  });
  await Promise.all([source.close(), expect(waiting).rejects.toMatchObject({ code: "UNAVAILABLE" })]);
  await expect.poll(() => server.clients.size).toBe(0);
  await expect(given?.webSocket(url)).rejects.toMatchObject({ code: "UNAVAILABLE" });
});
