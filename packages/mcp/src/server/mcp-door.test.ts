import { PlatformError } from "@agentcore/contract";
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/server";
import { expect, onTestFinished, test, vi } from "vitest";
import { McpDoor } from "./mcp-door.ts";
import type { DoorSeam } from "./seam.ts";

const seam: DoorSeam = {
  templates: [],
  tools: () => [],
  call: async () => ({ content: [] }),
  read: async () => {
    throw new PlatformError("NOT_FOUND", "there is nothing to read");
  },
};

const startDoor = (more: { max?: number; maxPerCaller?: number } = {}) => {
  let now = 0;
  let ids = 0;
  const door = new McpDoor({
    ...{ version: "1", instructions: "", keepAliveMs: 60_000, newId: () => `s${++ids}`, ...more },
    clock: { monotonic: () => ++now, after: () => ({ cancel: () => undefined }) },
    publicError: (error) => new PlatformError("INTERNAL", String(error)),
  });
  onTestFinished(() => door.close());
  const ask = async (caller: string, message: object, session?: string): Promise<Response> => {
    const body = { jsonrpc: "2.0", id: 1, ...message };
    const headers = {
      ...{ "content-type": "application/json", accept: "application/json, text/event-stream" },
      ...(session === undefined ? {} : { "mcp-session-id": session }),
    };
    const request = new Request("http://node.example/mcp", { method: "POST", headers, body: JSON.stringify(body) });
    const response = await door.fetch({ request, body, caller: { tenantId: "t", caller }, seam });
    await response.text();
    return response;
  };
  const begin = async (caller: string): Promise<string> => {
    const clientInfo = { name: "test", version: "1" };
    const params = { protocolVersion: "2025-06-18", capabilities: {}, clientInfo };
    const response = await ask(caller, { method: "initialize", params });
    return response.headers.get("mcp-session-id") ?? `refused: ${response.status}`;
  };
  const ping = async (caller: string, session: string) => (await ask(caller, { method: "ping" }, session)).status;
  return { door, begin, ping };
};

test("in a full node whoever has most sessions makes room, with the one unused for longest", async () => {
  const { door, begin, ping } = startDoor({ max: 4 });
  const ann = await begin("ann");
  const [first, second, third] = [await begin("eve"), await begin("eve"), await begin("eve")];
  await ping("eve", first);
  const bob = await begin("bob");
  expect(door.openSessions).toBe(4);
  expect(await ping("bob", bob)).toBe(200);
  expect(await ping("ann", ann)).toBe(200);
  expect([await ping("eve", first), await ping("eve", second), await ping("eve", third)]).toEqual([200, 404, 200]);
});

test("a caller with all that it may have makes room itself", async () => {
  const { begin, ping } = startDoor({ maxPerCaller: 1 });
  const [ann, one, other] = [await begin("ann"), await begin("eve"), await begin("eve")];
  expect([await ping("ann", ann), await ping("eve", one), await ping("eve", other)]).toEqual([200, 404, 200]);
});

test("a request that fails does not keep its session in use", async () => {
  const { begin, ping } = startDoor({ maxPerCaller: 1 });
  const session = await begin("eve");
  const handle = vi.spyOn(WebStandardStreamableHTTPServerTransport.prototype, "handleRequest");
  onTestFinished(() => {
    handle.mockRestore();
  });
  handle.mockRejectedValueOnce(new Error("broken"));
  await expect(ping("eve", session)).rejects.toThrow("broken");
  expect(await ping("eve", await begin("eve"))).toBe(200);
});
