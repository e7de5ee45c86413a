import { type GetTaskRequest, type StreamResponse, type SubscribeToTaskRequest, Task } from "@a2a-js/sdk";
import { A2AService } from "@a2a-js/sdk/server/grpc";
import { createGuardedFetch, createGuardedLookup, type Lookup } from "@agentcore/outbound";
import {
  Client,
  type handleServerStreamingCall,
  type handleUnaryCall,
  type Metadata,
  Server,
  ServerCredentials,
  status,
} from "@grpc/grpc-js";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { startReferenceServer } from "../../test/reference-server.ts";
import { toServiceError } from "../grpc/service-error.ts";
import { type A2AClientOptions, chooseInterface, createA2AClient, fetchCard, readForeignCard } from "./index.ts";

const POLICY = { allowLoopback: true, allowPrivate: false, sendsSecret: false, option: "--x" };
const TASK = Task.fromJSON({ id: "t1", contextId: "c1", status: { state: "TASK_STATE_WORKING" } });

interface Handlers {
  readonly getTask?: handleUnaryCall<GetTaskRequest, Task>;
  readonly subscribeToTask?: handleServerStreamingCall<SubscribeToTaskRequest, StreamResponse>;
}

const leadsTo =
  (...addresses: readonly string[]): Lookup =>
  (_name, _options, callback) =>
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
    );

/** A gRPC server with these handlers; its port. */
const serve = async (handlers: Handlers) => {
  const server = new Server();
  server.addService(A2AService as never, { ...handlers });
  onTestFinished(() => server.forceShutdown());
  return new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    );
  });
};

const clientOf = (url: string, options: Partial<A2AClientOptions> & { readonly names?: Lookup } = {}) =>
  createA2AClient({
    interface: { url, binding: "GRPC", version: "1.0" },
    fetch: createGuardedFetch(POLICY),
    lookup: createGuardedLookup({ ...POLICY, lookup: options.names }),
    ...options,
  });

const message = (text: string) => ({
  message: { messageId: `m-${text}`, role: "ROLE_USER" as const, parts: [{ text }] },
});

describe("a client over gRPC", () => {
  it("speaks with the reference SDK's service", async () => {
    const server = await startReferenceServer();
    onTestFinished(() => server.close());
    const { card } = await fetchCard({ url: server.url, fetch: createGuardedFetch(POLICY) });
    if (card === null) throw new Error("no card");
    const client = clientOf("", { interface: chooseInterface(card, { bindings: ["GRPC"] }) });
    const answer = await client.send(message("hello"));
    expect(answer).toMatchObject({ task: { artifacts: [{ parts: [{ text: "hello" }] }] } });
    const states: string[] = [];
    let id = "";
    for await (const { response } of client.sendStream(message("hold"))) {
      if ("task" in response) id = response.task.id;
      if ("statusUpdate" in response) states.push(response.statusUpdate.status.state);
      if (states.length === 1) await client.cancel({ id });
    }
    expect(states).toEqual(["TASK_STATE_WORKING", "TASK_STATE_CANCELED"]);
    expect(await client.get({ id })).toMatchObject({ id, status: { state: "TASK_STATE_CANCELED" } });
    await expect(client.get({ id: "nobody" })).rejects.toMatchObject({ code: "TASK_NOT_FOUND" });
    await expect(client.subscribe({ id: "nobody" }).next()).rejects.toMatchObject({ code: "TASK_NOT_FOUND" });
  });

  it("connects to the addresses that were judged, asks for the name, and sends its headers and the tenant", async () => {
    const seen: { metadata: Metadata; host: string; request: unknown }[] = [];
    const port = await serve({
      getTask: (call, callback) => {
        seen.push({ metadata: call.metadata, host: call.getHost(), request: call.request });
        callback(null, TASK);
      },
    });
    const client = clientOf(`http://agents.test:${port}`, {
      names: leadsTo("::1", "127.0.0.1"),
      interface: { url: `http://agents.test:${port}`, binding: "GRPC", version: "1.0", tenant: "acme/echo" },
      headers: async () => ({ Authorization: "Bearer hush" }),
      extensions: ["https://x.test/e"],
    });
    expect(await client.get({ id: "t1" })).toMatchObject({ id: "t1" });
    const [call] = seen;
    expect(call).toMatchObject({ host: `agents.test:${port}`, request: { tenant: "acme/echo", id: "t1" } });
    expect(["authorization", "a2a-version", "a2a-extensions"].map((name) => call?.metadata.get(name)[0])).toEqual([
      "Bearer hush",
      "1.0",
      "https://x.test/e",
    ]);
  });

  it("does not connect to a name that leads where calls may not go, nor in the clear with a secret", async () => {
    const refused = (url: string, names: Lookup, sendsSecret = false) =>
      expect(
        clientOf(url, { lookup: createGuardedLookup({ ...POLICY, sendsSecret, lookup: names }) }).get({ id: "x" }),
      ).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    await refused("http://agents.test:1", leadsTo("10.1.2.3"));
    await refused("https://agents.test:1", leadsTo("93.184.216.34", "169.254.169.254"));
    await refused("http://agents.test:1", leadsTo("93.184.216.34"), true);
    await refused("http://10.1.2.3:1", leadsTo());
  });

  it("says in our codes what went wrong, and leaves the agent's words about credentials out", async () => {
    const info = (reason: string, domain: string) => ({
      "@type": "type.googleapis.com/google.rpc.ErrorInfo",
      reason,
      domain,
    });
    let fault: object = {};
    const port = await serve({ getTask: (_call, callback) => callback(fault) });
    const failure = async (given: object): Promise<unknown> => {
      fault = given;
      return clientOf(`http://127.0.0.1:${port}`)
        .get({ id: "x" })
        .catch(({ code, message, retryable, retryAfterMs }) => ({ code, message, retryable, retryAfterMs }));
    };
    const rich = (name: string, ...details: Record<string, unknown>[]) =>
      toServiceError({ status: name, message: "said", details: details as never });
    expect(await failure(rich("FAILED_PRECONDITION", info("TASK_NOT_CANCELABLE", "a2a-protocol.org")))).toMatchObject({
      code: "TASK_NOT_CANCELABLE",
    });
    expect(
      await failure(
        rich("UNAVAILABLE", info("BULKHEAD_FULL", "agentcore.dev"), {
          "@type": "type.googleapis.com/google.rpc.RetryInfo",
          retryDelay: "1.500s",
        }),
      ),
    ).toMatchObject({ code: "BULKHEAD_FULL", retryable: true, retryAfterMs: 1500 });
    expect(await failure({ code: status.UNIMPLEMENTED, details: "no" })).toMatchObject({ code: "METHOD_NOT_FOUND" });
    expect(await failure({ code: status.INTERNAL, details: "oh" })).toMatchObject({
      code: "UPSTREAM_FAILED",
      retryable: true,
    });
    expect(await failure({ code: status.DATA_LOSS, details: "oh" })).toMatchObject({ retryable: false });
    expect(await failure({ code: status.RESOURCE_EXHAUSTED, details: "later" })).toMatchObject({
      code: "OVERLOADED",
      retryable: true,
    });
    const refused = await failure({ code: status.UNAUTHENTICATED, details: "Bearer hush is bad" });
    expect(refused).toMatchObject({ code: "UNAUTHENTICATED", message: expect.not.stringContaining("hush") });
  });

  it("asks once more with other credentials when those it had are refused", async () => {
    const tokens: unknown[] = [];
    const answer = (metadata: Metadata): boolean => {
      tokens.push(metadata.get("authorization")[0]);
      return tokens.at(-1) === "Bearer new";
    };
    const no = { code: status.UNAUTHENTICATED, details: "no" };
    const port = await serve({
      getTask: (call, callback) => (answer(call.metadata) ? callback(null, TASK) : callback(no)),
      subscribeToTask: (call) => {
        if (!answer(call.metadata)) return void call.emit("error", no);
        call.write({ payload: { $case: "task", value: TASK } });
        call.end();
      },
    });
    let token = "old";
    const client = clientOf(`http://127.0.0.1:${port}`, {
      headers: async () => ({ authorization: `Bearer ${token}` }),
      renew: ({ authorization }) => {
        token = "new";
        return authorization === "Bearer old";
      },
    });
    expect(await client.get({ id: "t1" })).toMatchObject({ id: "t1" });
    token = "old";
    for await (const { response } of client.subscribe({ id: "t1" })) expect(response).toHaveProperty("task");
    expect(tokens).toEqual(["Bearer old", "Bearer new", "Bearer old", "Bearer new"]);
  });

  it("closes its channel also when what it was to send cannot be sent", async () => {
    const close = vi.spyOn(Client.prototype, "close");
    onTestFinished(() => close.mockRestore());
    const client = clientOf("http://127.0.0.1:1", { headers: async () => ({ "text-bin": "x" }) });
    const failed = { code: "INVALID_AGENT_RESPONSE" };
    await expect(client.subscribe({ id: "t1" }).next()).rejects.toMatchObject(failed);
    await expect(client.get({ id: "t1" })).rejects.toMatchObject(failed);
    expect(close).toHaveBeenCalledTimes(2);
  });

  it("ends with its caller, and when the agent says nothing in time", async () => {
    const canceled: string[] = [];
    const port = await serve({
      getTask: (call) => void call.on("cancelled", () => canceled.push("get")),
      subscribeToTask: (call) => void call.on("cancelled", () => canceled.push("subscribe")),
    });
    const url = `http://127.0.0.1:${port}`;
    const slow = { code: "UPSTREAM_FAILED", retryable: true };
    await expect(clientOf(url, { timeoutMs: 100 }).get({ id: "x" })).rejects.toMatchObject(slow);
    await expect(clientOf(url, { timeoutMs: 100 }).subscribe({ id: "x" }).next()).rejects.toMatchObject(slow);
    const caller = new AbortController();
    const call = clientOf(url).get({ id: "x" }, { signal: caller.signal });
    caller.abort();
    await expect(call).rejects.toMatchObject({ code: "CANCELED" });
    await expect.poll(() => canceled).toEqual(expect.arrayContaining(["get", "subscribe"]));
    const never: Lookup = () => {};
    await expect(clientOf("http://a.test:1", { names: never, timeoutMs: 100 }).get({ id: "x" })).rejects.toMatchObject(
      slow,
    );
  });

  it("says that nobody listens, and that an answer is larger than may be", async () => {
    await expect(clientOf("http://127.0.0.1:1").get({ id: "x" })).rejects.toMatchObject({
      code: "UPSTREAM_FAILED",
      retryable: true,
    });
    const port = await serve({
      getTask: (_call, callback) => callback(null, { ...TASK, id: "x".repeat(33 * 1024 * 1024) }),
    });
    await expect(clientOf(`http://127.0.0.1:${port}`).get({ id: "x" })).rejects.toMatchObject({ code: "TOO_LARGE" });
  });
});

it.each([
  ["agents.test:50051", "https://agents.test/card.json", "https://agents.test:50051"],
  ["agents.test:50051", "http://agents.test/card.json", "http://agents.test:50051"],
  ["agents.test:443", "http://agents.test/card.json", "https://agents.test"],
  ["[::1]:50051", "http://agents.test/card.json", "http://[::1]:50051"],
  ["grpc://agents.test:50051", "https://agents.test/card.json", "http://agents.test:50051"],
  ["grpcs://agents.test:50051", "http://agents.test/card.json", "https://agents.test:50051"],
  ["dns:///agents.test:50051", "https://agents.test/card.json", "https://agents.test:50051"],
  ["http://agents.test:50051", "https://agents.test/card.json", "http://agents.test:50051"],
])("a gRPC address %s of the card %s is %s", (url, from, expected) => {
  const supportedInterfaces = [{ url, protocolBinding: "GRPC", protocolVersion: "1.0" }];
  expect(readForeignCard({ name: "x", supportedInterfaces }, from).interfaces[0]?.url).toBe(expected);
});
