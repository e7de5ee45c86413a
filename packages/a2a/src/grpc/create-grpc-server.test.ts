import { once } from "node:events";
import { status } from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import { all, closeAll, failureOf, startGrpc, TASK } from "../../test/grpc-world.ts";

afterEach(closeAll);

describe("the end", () => {
  it.each([
    "TASK_STATE_WORKING",
    // A subscription goes on after a question.
    "TASK_STATE_INPUT_REQUIRED",
  ] as const)("lets calls finish, and tells streams that it was the node that ended (%s)", async (state) => {
    const { world, grpc, a2a } = await startGrpc();
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    world.frames = async function* () {
      yield { response: { task: { ...TASK, status: { state } } } };
      await held;
    };
    const stream = a2a.stream("subscribeToTask", { tenant: "", id: "t1" });
    await once(stream, "data");
    const stopped = grpc.stop();
    const failed = failureOf(all(stream));
    release();
    const error = await failed;
    expect([error.code, error.details]).toEqual([status.UNAVAILABLE, "the node is stopping"]);
    await stopped;
  });

  it("cuts what does not end", async () => {
    const { world, grpc, a2a } = await startGrpc();
    world.frames = async function* (client) {
      yield { response: { task: TASK } };
      await once(client, "abort");
    };
    const stream = a2a.stream("subscribeToTask", { tenant: "", id: "t1" });
    await once(stream, "data");
    const failed = failureOf(all(stream));
    const stopped = grpc.stop();
    grpc.cut();
    expect((await failed).code).toBeGreaterThan(0);
    await stopped;
    await world.gone;
  });
});
