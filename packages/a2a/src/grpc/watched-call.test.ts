import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { A2AService } from "@a2a-js/sdk/server/grpc";
import { PlatformError } from "@agentcore/contract";
import { status } from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import { closeAll, failureOf, open, RESULTS, startGrpc, TASK } from "../../test/grpc-world.ts";

import type { GrpcServerOptions } from "./create-grpc-server.ts";

afterEach(closeAll);

describe("answers that nobody reads", () => {
  const LARGE = 5_000_000;
  const artifact = { artifactId: "a", parts: [{ text: "x".repeat(LARGE) }] };

  /** Asks, and takes nothing of the answers before it is told to. */
  const dial = async (address: string) => {
    const session = connectHttp2(`http://${address}`, { settings: { initialWindowSize: 0 } });
    session.on("error", () => {});
    open.push(() => session.destroy());
    await once(session, "connect");
    const ask = () => {
      const request = session.request({
        ...{ ":method": "POST", ":path": A2AService.getTask.path },
        ...{ "content-type": "application/grpc", te: "trailers" },
      });
      request.on("error", () => {});
      const body = A2AService.getTask.requestSerialize({ tenant: "", id: "t1", historyLength: undefined });
      request.end(Buffer.concat([Buffer.from([0, 0, 0, 0, body.length]), body]));
      return request;
    };
    return { session, ask };
  };

  const startLarge = async (options: Partial<GrpcServerOptions> = {}) => {
    const it = await startGrpc(options);
    let held = 0;
    it.world.answers = { ...RESULTS, GetTask: { ...TASK, artifacts: [artifact] } };
    it.world.hold = (bytes) => {
      if (held > 0) throw new PlatformError("UNAVAILABLE", "too much is pending");
      held += bytes;
      return () => (held -= bytes);
    };
    return { ...it, held: () => held };
  };

  it("are counted until they are taken; one too many is refused, and room is there again once they were read", async () => {
    const { address, held, a2a } = await startLarge();
    const { session, ask } = await dial(address);
    const first = ask();
    await once(first, "response");
    await expect.poll(held).toBeGreaterThan(LARGE);
    expect((await failureOf(a2a.unary("getTask", { tenant: "", id: "t1" }))).code).toBe(status.UNAVAILABLE);
    session.settings({ initialWindowSize: 1_000_000 });
    first.resume();
    await once(first, "end");
    await expect.poll(held).toBe(0);
    expect(session.destroyed).toBe(false);
  });

  it("are cut when they are not taken in time, and hold nothing more", async () => {
    const { address, held, world } = await startLarge({ answerTimeoutMs: 50 });
    // Small ones have no more time than that.
    world.answers = RESULTS;
    const { session, ask } = await dial(address);
    const closed = once(session, "close");
    await once(ask(), "response");
    await closed;
    await expect.poll(held).toBe(0);
  });

  it("for want of room are cut too when their refusal is not taken in time", async () => {
    const { address, world } = await startLarge({ answerTimeoutMs: 50 });
    world.hold = () => {
      throw new PlatformError("UNAVAILABLE", "too much is pending");
    };
    const { session, ask } = await dial(address);
    const closed = once(session, "close");
    await once(ask(), "response");
    await closed;
  });

  it("of calls whose clients went away hold nothing, also when they went before they were answered", async () => {
    const { address, held, world } = await startLarge();
    const { session, ask } = await dial(address);
    await once(ask(), "response");
    await expect.poll(held).toBeGreaterThan(LARGE);
    session.destroy();
    await expect.poll(held).toBe(0);
    await world.gone;
  });
});
