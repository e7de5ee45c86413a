import { expect, it } from "vitest";
import { createGrpcChannel } from "./grpc-channel.ts";

const ADDRESS = { url: "http://127.0.0.1:1", binding: "GRPC", version: "1.0" } as const;
const OPTIONS = { credentials: {}, requiredExtensions: [] };

it("a call that begins after the check is over is refused, as nothing would end it", async () => {
  const channel = createGrpcChannel(ADDRESS, AbortSignal.abort(new Error("over")), OPTIONS);
  await expect(channel.call("GetTask", { id: "x" })).rejects.toThrow("over");
  await expect(channel.open("SubscribeToTask", { id: "x" })).rejects.toThrow("over");
});

it("says that an address is none", async () => {
  const channel = createGrpcChannel({ ...ADDRESS, url: "no address" }, new AbortController().signal, OPTIONS);
  await expect(channel.call("GetTask", { id: "x" })).rejects.toMatchObject({ seen: "the address no address" });
});

it("says that nobody listens", async () => {
  const over = new AbortController();
  const channel = createGrpcChannel(ADDRESS, over.signal, OPTIONS);
  expect(await channel.call("GetTask", { id: "x" })).toMatchObject({ binding: "GRPC", error: { code: 14 } });
  expect((await channel.open("SubscribeToTask", { id: "x" })).reply).toMatchObject({ error: { code: 14 } });
  over.abort();
});
