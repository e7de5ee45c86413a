import { once } from "node:events";
import { type ClientHttp2Session, connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { A2AService } from "@a2a-js/sdk/server/grpc";
import { status } from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import { all, closeAll, failureOf, open, startGrpc, TASK } from "../../test/grpc-world.ts";
import type { GrpcServerOptions } from "./create-grpc-server.ts";

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

describe("two connections with the same address and port at their other end, to two of the node's addresses", () => {
  const dial = async (host: string, port: number, localPort: number) => {
    const socket = connect({ host, port, localAddress: "127.0.0.1", localPort });
    await once(socket, "connect");
    const options = { createConnection: () => socket, settings: { initialWindowSize: 0 } };
    const session = connectHttp2(`http://${host}`, options);
    session.on("error", () => {});
    open.push(() => session.destroy());
    return { session, localPort: socket.localPort ?? 0 };
  };

  const startWithTwo = async (options: Partial<GrpcServerOptions> = {}) => {
    const it = await startGrpc({ ...options, host: "0.0.0.0" });
    const port = Number(it.address.split(":")[1]);
    const { session: first, localPort } = await dial("127.0.0.1", port, 0);
    const { session: second } = await dial("127.0.0.2", port, localPort);
    return { ...it, first, second };
  };

  /** Resolves with the status when the call has failed at once. Takes nothing of an answer. */
  const call = async (session: ClientHttp2Session, path: string, message: Uint8Array = Buffer.alloc(0)) => {
    const headers = { "content-type": "application/grpc", te: "trailers" };
    const stream = session.request({ ":method": "POST", ":path": path, ...headers });
    stream.on("error", () => {});
    stream.end(Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]));
    const [answered] = (await once(stream, "response")) as [Record<string, string>];
    return answered["grpc-status"];
  };
  const watch = (session: ClientHttp2Session) => call(session, "/grpc.health.v1.Health/Watch");
  const { getTask, subscribeToTask } = A2AService;
  const TASK_1 = { tenant: "", id: "t1" };

  it("have 8 public streams each", async () => {
    const { first, second } = await startWithTwo();
    for (const session of [first, second]) {
      const answers = await Promise.all(Array.from({ length: 9 }, () => watch(session)));
      expect(answers.filter((answer) => answer === undefined)).toHaveLength(8);
    }
  });

  it("are told apart in what the node is asked", async () => {
    const { first, second, world } = await startWithTwo();
    for (const session of [first, second, first]) await watch(session);
    const [one, other, again] = world.requests.map(({ connection }) => connection);
    expect(other).not.toBe(one);
    expect(again).toBe(one);
  });

  it("are cut for what they themselves do not take", async () => {
    const { first, second } = await startWithTwo({ answerTimeoutMs: 50 });
    const closed = once(first, "close");
    await call(first, getTask.path, getTask.requestSerialize({ ...TASK_1, historyLength: undefined }));
    await closed;
    expect(await watch(second)).toBe(undefined);
  });

  it("are both waited for at the end, and both cut", async () => {
    const { grpc, first, second, sockets, world } = await startWithTwo();
    world.frames = async function* (client) {
      yield { response: { task: TASK } };
      await once(client, "abort");
    };
    await call(second, subscribeToTask.path, subscribeToTask.requestSerialize(TASK_1));
    const closed = [...sockets].map((socket) => once(socket, "close"));
    let hasStopped = false;
    const stopped = grpc.stop().then(() => (hasStopped = true));
    first.destroy();
    await closed[0];
    await new Promise(setImmediate);
    expect(hasStopped).toBe(false);
    grpc.cut();
    await Promise.all([...closed, stopped]);
  });
});
