import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { gzipSync } from "node:zlib";
import { status } from "@grpc/grpc-js";
import { afterEach, describe, expect, it, vi } from "vitest";
import { closeAll, failureOf, open, startGrpc } from "../../test/grpc-world.ts";

afterEach(closeAll);

describe("health", () => {
  it("is the node's readiness, for the node and for each service", async () => {
    const { world, health } = await startGrpc();
    expect(await health.unary("check", {})).toEqual({ status: "SERVING" });
    expect(await health.unary("check", { service: "lf.a2a.v1.A2AService" })).toEqual({ status: "SERVING" });
    world.ready = false;
    expect(await health.unary("check", { service: "a2a.v1.A2AService" })).toEqual({ status: "NOT_SERVING" });
    expect((await failureOf(health.unary("check", { service: "no.such.Service" }))).code).toBe(status.NOT_FOUND);
  });

  it("a watcher hears of changes, and of the end", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    open.push(() => vi.useRealTimers());
    const { world, grpc, health } = await startGrpc();
    const stream = health.stream("watch", { service: "" });
    const next = async () => ((await once(stream, "data")) as [unknown])[0];
    expect(await next()).toEqual({ status: "SERVING" });
    for (const [ready, told] of [
      [false, "NOT_SERVING"],
      [true, "SERVING"],
    ] as const) {
      world.ready = ready;
      const heard = next();
      vi.advanceTimersByTime(1000);
      expect(await heard).toEqual({ status: told });
    }
    const last = next();
    const ended = once(stream, "end");
    const stopped = grpc.stop();
    expect(await last).toEqual({ status: "NOT_SERVING" });
    await ended;
    await stopped;
  });
});

describe("those without a credential", () => {
  const dial = (address: string) => {
    const session = connectHttp2(`http://${address}`);
    open.push(() => session.destroy());
    return (path: string, message: readonly number[]) => {
      const headers = { "content-type": "application/grpc", te: "trailers" };
      const request = session.request({ ":method": "POST", ":path": path, ...headers });
      request.on("error", () => {});
      request.write(Buffer.from(message));
      return request;
    };
  };
  const EMPTY = [0, 0, 0, 0, 0];
  const CUT_OFF = [0, 0, 0, 0, 9];
  const statusOfFirst = async (request: ReturnType<ReturnType<typeof dial>>): Promise<unknown> => {
    const [headers] = (await once(request, "response")) as [Record<string, string>];
    return headers["grpc-status"];
  };

  it("get 64 watches at once between them, 8 over one connection, and checks and A2A's calls none fewer", async () => {
    const { health, a2a, address } = await startGrpc();
    const watch = (call: ReturnType<typeof dial>) => call("/grpc.health.v1.Health/Watch", EMPTY).end();
    const tooMany = String(status.RESOURCE_EXHAUSTED);
    const first = dial(address);
    const answers = await Promise.all(Array.from({ length: 9 }, () => statusOfFirst(watch(first))));
    expect(answers.filter((answer) => answer === undefined)).toHaveLength(8);
    expect(answers).toContain(tooMany);
    const others = Array.from({ length: 7 }, () => dial(address));
    const more = others.flatMap((call) => Array.from({ length: 8 }, () => statusOfFirst(watch(call))));
    expect(await Promise.all(more)).toEqual(Array(56).fill(undefined));
    const late = dial(address);
    expect(await statusOfFirst(watch(late))).toBe(tooMany);
    expect(await health.unary("check", {})).toEqual({ status: "SERVING" });
    expect(await a2a.unary("getTask", { tenant: "", id: "t1" })).toMatchObject({ id: "t1" });
    for (const end of open.splice(-9)) end();
    await expect.poll(() => statusOfFirst(watch(dial(address)))).toBe(undefined);
  });

  it("have 64 checks under way at most: another ends the oldest, and is answered", async () => {
    const { health, address } = await startGrpc();
    const call = dial(address);
    const held = Array.from({ length: 65 }, () => call("/grpc.health.v1.Health/Check", CUT_OFF));
    const answers = held.slice(0, 2).map(statusOfFirst);
    expect(await answers[0]).toBe(String(status.RESOURCE_EXHAUSTED));
    expect(await health.unary("check", {})).toEqual({ status: "SERVING" });
    expect(await answers[1]).toBe(String(status.RESOURCE_EXHAUSTED));
    expect(held[2]?.closed).toBe(false);
  });

  it.each([
    ["a check", "/grpc.health.v1.Health/Check"],
    ["a watch", "/grpc.health.v1.Health/Watch"],
    ["reflection", "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"],
  ])(
    "send %s no more than 4 KiB: a longer message is refused before it is there, whatever it is packed into",
    async (_, path) => {
      const { address } = await startGrpc({ maxMessageBytes: 10_000_000 });
      const announced = (bytes: number) => [0, ...Buffer.from(Uint32Array.of(bytes).buffer).reverse()];
      const refused = String(status.RESOURCE_EXHAUSTED);
      expect(await statusOfFirst(dial(address)(path, announced(4097)))).toBe(refused);
      const packed = gzipSync(Buffer.concat([Buffer.from([0x0a, 0xa0, 0x8d, 0x06]), Buffer.alloc(100_000, "a")]));
      const session = connectHttp2(`http://${address}`);
      open.push(() => session.destroy());
      const headers = { "content-type": "application/grpc", te: "trailers", "grpc-encoding": "gzip" };
      const request = session.request({ ":method": "POST", ":path": path, ...headers });
      request.end(Buffer.concat([Buffer.from([1, 0, 0, packed.length >> 8, packed.length & 255]), packed]));
      expect(await statusOfFirst(request)).toBe(refused);
    },
  );
});
