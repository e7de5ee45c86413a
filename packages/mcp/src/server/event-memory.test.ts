import type { JSONRPCMessage } from "@modelcontextprotocol/server";
import { expect, test } from "vitest";
import { EventMemory } from "./event-memory.ts";

const message = (id: number, text = ""): JSONRPCMessage => ({ jsonrpc: "2.0", id, result: { text } });

const after = async (memory: EventMemory, eventId: string): Promise<readonly unknown[]> => {
  const told: unknown[] = [];
  await memory.replayEventsAfter(eventId, { send: async (_id, each) => void told.push("id" in each ? each.id : null) });
  return told;
};

test("a stream goes on after the event that its client has, without those of others", async () => {
  const memory = new EventMemory();
  const first = await memory.storeEvent("a", {} as JSONRPCMessage);
  await memory.storeEvent("b", message(1));
  const second = await memory.storeEvent("a", message(2));
  await memory.storeEvent("a", message(3));
  expect(await after(memory, first)).toEqual([2, 3]);
  expect(await after(memory, second)).toEqual([3]);
  expect(await memory.getStreamIdForEventId(first)).toBe("a");
});

test("who has less than is kept is told, and not given half of it", async () => {
  const memory = new EventMemory();
  const old = await memory.storeEvent("a", message(0));
  for (let id = 1; id <= 500; id += 1) await memory.storeEvent("a", message(id));
  expect(await memory.getStreamIdForEventId(old)).toBe("a");
  const lost = await memory.storeEvent("a", message(501));
  expect(await memory.getStreamIdForEventId(old)).toBeUndefined();
  expect(await memory.getStreamIdForEventId(lost)).toBe("a");
});

test("bytes are bounded too, and an event of nobody's is none", async () => {
  const memory = new EventMemory();
  const first = await memory.storeEvent("a", message(1));
  const text = "x".repeat(64 * 1024);
  for (let id = 2; id <= 6; id += 1) await memory.storeEvent("a", message(id, text));
  expect(await memory.getStreamIdForEventId(first)).toBeUndefined();
  expect(await memory.getStreamIdForEventId("99.a")).toBeUndefined();
  expect(await memory.getStreamIdForEventId("nonsense")).toBeUndefined();
});
