import { PassThrough } from "node:stream";
import { PlatformError } from "@agentcore/contract";
import { expect, onTestFinished, test } from "vitest";
import { type DoorSeam, McpDoor } from "../server/index.ts";
import { bridge } from "./bridge.ts";

const seam: DoorSeam = {
  templates: [],
  tools: () => [{ name: "greet", description: "Greets", inputSchema: { type: "object" } }],
  call: async () => ({ content: [{ type: "text", text: "hello" }] }),
  read: async () => {
    throw new PlatformError("NOT_FOUND", "there is nothing to read");
  },
};

const startDoor = (): McpDoor => {
  const door = new McpDoor({
    ...{ version: "1", instructions: "", keepAliveMs: 60_000, newId: () => crypto.randomUUID() },
    clock: { monotonic: () => 0, after: () => ({ cancel: () => undefined }) },
    publicError: (error) => new PlatformError("INTERNAL", String(error)),
  });
  onTestFinished(() => door.close());
  return door;
};

type Answer = { readonly id?: number; readonly result?: Record<string, unknown>; readonly error?: { message: string } };

/** A client at standard input whose node is reached by `send`. */
const client = (send: (request: Request, body: unknown) => Promise<Response>) => {
  const input = new PassThrough();
  const output = new PassThrough();
  const answers: Answer[] = [];
  output.on("data", (lines: Buffer) => {
    for (const line of lines.toString().split("\n")) if (line !== "") answers.push(JSON.parse(line));
  });
  const ended = bridge({
    ...{
      url: "http://node.example/mcp",
      input,
      output,
      signal: new AbortController().signal,
      onError: () => undefined,
    },
    fetch: (url, init) =>
      send(new Request(url, init), typeof init?.body === "string" ? JSON.parse(init.body) : undefined),
  });
  onTestFinished(async () => {
    input.end();
    await ended;
  });
  const write = (message: object) => input.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
  return {
    answers,
    write,
    async ask(id: number, method: string, params: object = {}): Promise<Answer> {
      write({ id, method, params });
      return expect
        .poll(() => answers.find((answer) => answer.id === id))
        .toBeDefined()
        .then(() => answers.find((answer) => answer.id === id) as Answer);
    },
  };
};

const HELLO = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "desk", version: "1" } };

test("a client goes on after the node was started anew: its session is begun again for it, once", async () => {
  let door = startDoor();
  const methods: unknown[] = [];
  const desk = client((request, body) => {
    methods.push((body as { method?: string } | undefined)?.method);
    return door.fetch({ request, body, caller: { tenantId: "t", caller: "ann" }, seam });
  });
  expect((await desk.ask(1, "initialize", HELLO)).result).toMatchObject({ protocolVersion: "2025-11-25" });
  desk.write({ method: "notifications/initialized" });
  expect((await desk.ask(2, "tools/list")).result).toMatchObject({ tools: [{ name: "greet" }] });
  door = startDoor();
  methods.length = 0;
  const both = await Promise.all([desk.ask(3, "tools/list"), desk.ask(4, "tools/call", { name: "greet" })]);
  expect(both.map(({ result }) => Object.keys(result ?? {}))).toEqual([["tools"], ["content"]]);
  expect(methods.filter((method) => method === "initialize")).toHaveLength(1);
  expect(new Set(desk.answers.map(({ id }) => id))).toEqual(new Set([1, 2, 3, 4]));
  expect(desk.answers).toHaveLength(4);
});

test("who had no session is told what the node says", async () => {
  const desk = client(async () => new Response("not here", { status: 404 }));
  expect((await desk.ask(1, "tools/list")).error?.message).toContain("not here");
});

test("a request whose answer is lost on the way is answered: it went on or did not, nobody here knows", async () => {
  const desk = client(async () => new Response("", { headers: { "content-type": "text/event-stream" } }));
  const { error } = await desk.ask(1, "tools/call", { name: "greet" });
  expect(error?.message).toContain("the connection ended before the answer");
});
