import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { inspect } from "node:util";
import { createGuardedFetch, createGuardedLookup } from "@agentcore/outbound";
import { afterEach, describe, expect, it } from "vitest";
import { type AgentServer, type Play, startAgentServer } from "../../test/agent-server.ts";
import { chooseInterface, createA2AClient, fetchCard, RESUMABLE_STREAMS, type ReceivedFrame } from "./index.ts";

const POLICY = { allowLoopback: true, allowPrivate: false, sendsSecret: false, option: "--x" };
const guarded = createGuardedFetch(POLICY);
const lookup = createGuardedLookup(POLICY);
const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const serve = async (...given: Parameters<typeof startAgentServer>): Promise<AgentServer> => {
  const server = await startAgentServer(...given);
  closers.push(() => server.close());
  return server;
};

const connect = async (server: AgentServer, options: Partial<Parameters<typeof createA2AClient>[0]> = {}) => {
  const { card } = await fetchCard({ url: server.url, fetch: guarded });
  if (card === null) throw new Error("no card");
  return createA2AClient({ interface: chooseInterface(card), fetch: guarded, lookup, ...options });
};

const message = (text: string, more = {}) => ({
  message: { messageId: `m-${text}`, role: "ROLE_USER" as const, parts: [{ text }], ...more },
});

const framesOf = async (stream: AsyncIterable<ReceivedFrame>): Promise<readonly string[]> => {
  const said: string[] = [];
  for await (const { response } of stream) {
    if ("task" in response) said.push(`task ${response.task.status.state}`);
    if ("message" in response) said.push(`message ${response.message.parts[0]?.text}`);
    if ("statusUpdate" in response) said.push(response.statusUpdate.status.state);
    if ("artifactUpdate" in response)
      said.push(
        `artifact ${response.artifactUpdate.artifact.parts[0]?.text}${response.artifactUpdate.append === true ? " appended" : ""}`,
      );
  }
  return said;
};

const echo = (play: Play): void => {
  play.working("on it");
  play.artifact("out", play.said);
  play.artifact("out", "!", { append: true });
  play.end("COMPLETED");
};

const rawServer = async (handle: Parameters<typeof createServer>[1]): Promise<string> => {
  const server: Server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

describe.each(["1.0", "0.3"] as const)("a client of an agent that speaks %s", (version) => {
  it("reads a stream in the shapes of 1.0", async () => {
    const client = await connect(await serve(echo, { version }));
    expect(client.interface.version).toBe(version);
    expect(await framesOf(client.sendStream(message("hello")))).toEqual([
      "task TASK_STATE_SUBMITTED",
      "TASK_STATE_WORKING",
      "artifact hello",
      "artifact ! appended",
      "TASK_STATE_COMPLETED",
    ]);
  });

  it("sends, waits for the end, and reads the task again", async () => {
    const client = await connect(await serve(echo, { version }));
    const answer = await client.send(message("hello"));
    if (!("task" in answer)) throw new Error("expected a task");
    expect(answer.task.status.state).toBe("TASK_STATE_COMPLETED");
    const task = await client.get({ id: answer.task.id });
    expect(task.artifacts?.[0]?.parts).toEqual([{ text: "hello" }, { text: "!" }]);
  });

  it("takes a message as the whole answer", async () => {
    const client = await connect(await serve((play) => play.message("just so"), { version }));
    expect(await client.send(message("x"))).toMatchObject({ message: { parts: [{ text: "just so" }] } });
    expect(await framesOf(client.sendStream(message("y")))).toEqual(["message just so"]);
  });

  it("tells what the agent refuses in our codes", async () => {
    const client = await connect(await serve(echo, { version }));
    await expect(client.get({ id: "nowhere" })).rejects.toMatchObject({ code: "TASK_NOT_FOUND", retryable: false });
    await expect(client.cancel({ id: "nowhere" })).rejects.toMatchObject({ code: "TASK_NOT_FOUND" });
    await expect(framesOf(client.subscribe({ id: "nowhere" }))).rejects.toMatchObject({ code: "TASK_NOT_FOUND" });
  });
});

describe("a client", () => {
  it("sends its headers, the version and its extensions with every call, and what a call adds", async () => {
    const server = await serve(echo);
    const client = await connect(server, {
      headers: async () => ({ authorization: "Bearer t" }),
      extensions: ["https://a.example/x", "https://a.example/y"],
    });
    await client.send(message("x"), { headers: { traceparent: "00-1-2-01" } });
    expect(server.calls[0]?.headers).toMatchObject({
      authorization: "Bearer t",
      traceparent: "00-1-2-01",
      "a2a-version": "1.0",
      "a2a-extensions": "https://a.example/x, https://a.example/y",
    });
  });

  it.each(["JSONRPC", "HTTP+JSON", "GRPC"] as const)(
    "sends no header with what none can hold, and does not repeat it in the error (%s)",
    async (binding) => {
      for (const secret of ["s3cr3t\nvalue", "s3cr€t"]) {
        const client = createA2AClient({
          ...{ interface: { url: "http://127.0.0.1:1/", binding, version: "1.0" }, fetch: guarded, lookup },
          headers: async () => ({ authorization: `Bearer ${secret}` }),
        });
        for (const call of [client.get({ id: "t" }), framesOf(client.subscribe({ id: "t" }))]) {
          const error = await call.catch((thrown: unknown) => thrown);
          expect(error).toMatchObject({ code: "CONFIG_INVALID", message: expect.stringContaining("authorization") });
          expect(inspect(error, { depth: 9 })).not.toContain("s3cr");
        }
      }
    },
  );

  it("takes numbers of events only where it asked for them", async () => {
    const server = await serve(echo, { numbered: true });
    const firstOf = async (extensions: readonly string[]) => {
      const stream = (await connect(server, { extensions })).sendStream(message("x"));
      const { value } = await stream.next();
      await stream.return();
      return value?.seq;
    };
    expect(await firstOf([RESUMABLE_STREAMS])).toBe(1);
    expect(await firstOf(["https://a.example/x"])).toBeUndefined();
  });

  it("asks a stream to go on after the number it has", async () => {
    const server = await serve(echo);
    const client = await connect(server);
    await framesOf(client.subscribe({ id: "t", after: 7 })).catch(() => undefined);
    expect(server.calls[0]?.headers["last-event-id"]).toBe("7");
  });

  it.each([
    [401, "UNAUTHENTICATED", false],
    [403, "PERMISSION_DENIED", false],
    [429, "OVERLOADED", true],
    [503, "UPSTREAM_FAILED", true],
    [302, "UPSTREAM_FAILED", false],
  ] as const)("maps HTTP %i to %s", async (status, code, retryable) => {
    const server = await serve(echo);
    const client = await connect(server);
    server.failWith(status, { "retry-after": "2" });
    await expect(client.send(message("x"))).rejects.toMatchObject({ code, retryable });
    await expect(framesOf(client.sendStream(message("x")))).rejects.toMatchObject({ code, retryable });
    if (status === 429) await expect(client.get({ id: "x" })).rejects.toMatchObject({ retryAfterMs: 2000 });
  });

  it("asks once more, and no more often, with other credentials when those it had are refused", async () => {
    const refused: (string | undefined)[] = [];
    const server = await serve(echo);
    const client = await connect(server, {
      headers: async () => ({ authorization: `Bearer ${refused.length}` }),
      renew: ({ authorization }) => {
        refused.push(authorization);
        if (refused.length % 2 === 0) server.failWith(null);
        return true;
      },
    });
    server.failWith(401);
    await expect(client.get({ id: "x" })).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    await expect(client.get({ id: "x" })).rejects.toMatchObject({ code: "TASK_NOT_FOUND" });
    server.failWith(401);
    refused.push("");
    expect((await framesOf(client.sendStream(message("x")))).at(-1)).toBe("TASK_STATE_COMPLETED");
    expect(refused).toEqual(["Bearer 0", "Bearer 1", "", "Bearer 3"]);
    expect(server.calls.map(({ headers }) => headers.authorization)).toEqual(
      [0, 1, 1, 2, 3, 4].map((number) => `Bearer ${number}`),
    );
  });

  it("waits an hour at most, whatever the agent asks for", async () => {
    const server = await serve(echo);
    const client = await connect(server);
    server.failWith(429, { "retry-after": "864000" });
    await expect(client.get({ id: "x" })).rejects.toMatchObject({ retryAfterMs: 3_600_000 });
  });

  it("calls a cut connection retryable, before the answer and in the middle of a stream", async () => {
    const server = await serve(async (play) => {
      play.working("on it");
      await new Promise(() => {});
    });
    const client = await connect(server);
    const stream = client.sendStream(message("x"));
    expect((await stream.next()).done).toBe(false);
    expect((await stream.next()).done).toBe(false);
    const rest = stream.next();
    server.cut();
    await expect(rest).rejects.toMatchObject({ code: "UPSTREAM_FAILED", retryable: true });
    await server.close();
    closers.length = 0;
    await expect(client.get({ id: "x" })).rejects.toMatchObject({ code: "UPSTREAM_FAILED", retryable: true });
  });

  it("stops waiting when the caller does, and when the agent says nothing in time", async () => {
    const url = await rawServer(() => {});
    const client = createA2AClient({
      interface: { url, binding: "JSONRPC", version: "1.0" },
      fetch: guarded,
      lookup,
      timeoutMs: 50,
    });
    await expect(client.get({ id: "x" })).rejects.toMatchObject({ code: "UPSTREAM_FAILED", retryable: true });
    await expect(framesOf(client.subscribe({ id: "x" }))).rejects.toMatchObject({ code: "UPSTREAM_FAILED" });
    const caller = new AbortController();
    const call = client.get({ id: "x" }, { signal: caller.signal, timeoutMs: 60_000 });
    caller.abort();
    await expect(call).rejects.toMatchObject({ code: "CANCELED" });
  });

  it("reads another AgentCore's own codes out of an error's details", async () => {
    const url = await rawServer((request, response) => {
      request.resume();
      response.end(
        JSON.stringify({
          jsonrpc: "2.0",
          id: 1,
          error: {
            code: -32000,
            message: "full",
            data: [{ "@type": "x", domain: "agentcore.dev", reason: "BULKHEAD_FULL" }],
          },
        }),
      );
    });
    const client = createA2AClient({ interface: { url, binding: "JSONRPC", version: "1.0" }, fetch: guarded, lookup });
    await expect(client.get({ id: "x" })).rejects.toMatchObject({ code: "BULKHEAD_FULL", retryable: true });
  });

  it("refuses what is no A2A", async () => {
    const url = await rawServer((request, response) => {
      request.resume();
      response.end("<html>");
    });
    const client = createA2AClient({ interface: { url, binding: "JSONRPC", version: "1.0" }, fetch: guarded, lookup });
    await expect(client.get({ id: "x" })).rejects.toMatchObject({ code: "INVALID_AGENT_RESPONSE", retryable: false });
  });
});
