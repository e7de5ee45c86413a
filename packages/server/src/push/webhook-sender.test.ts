import type { LookupAddress } from "node:dns";
import type { ServerResponse } from "node:http";
import { ManualClock } from "@agentcore/core/testing";
import type { Lookup } from "@agentcore/outbound";
import { afterEach, describe, expect, it } from "vitest";
import { type Receiver, startReceiver } from "../../test/push/receiver.ts";
import type { PushRecord } from "./push-store.ts";
import { createWebhookSender, type SendOutcome, type WebhookSenderOptions } from "./webhook-sender.ts";

let receivers: Receiver[] = [];
afterEach(async () => {
  for (const receiver of receivers.splice(0)) await receiver.close();
});

const receive = async (answer?: Parameters<typeof startReceiver>[0]): Promise<Receiver> => {
  const receiver = await startReceiver(answer);
  receivers.push(receiver);
  return receiver;
};

const sendTo = (
  config: Partial<PushRecord["config"]> & { readonly url: string },
  options: Partial<WebhookSenderOptions> & {
    readonly protocol?: PushRecord["version"];
    readonly signal?: AbortSignal;
  } = {},
): Promise<SendOutcome> => {
  const { protocol = "1.0", signal = new AbortController().signal, ...more } = options;
  const send = createWebhookSender({ allowPrivate: true, clock: new ManualClock(), version: "1.2.3", ...more });
  const record: PushRecord = {
    uid: "u-1",
    config: { id: "c/1", taskId: "t-1", ...config },
    ...{
      version: protocol,
      caller: "ann",
      createdAt: 0,
      state: "open",
      from: 1,
      acknowledged: 0,
      attempts: 0,
      nextAttemptAt: 0,
    },
  };
  const key = { tenantId: "default", taskId: "t-1", configId: "c/1" };
  return send({ key, record, body: { statusUpdate: { taskId: "t-1" } }, seq: 7, frame: 1 }, signal);
};

const answering =
  (status: number, headers: Record<string, string> = {}) =>
  (_: unknown, response: ServerResponse) =>
    void response.writeHead(status, headers).end("x".repeat(100_000));

/** Each name leads to the next of its addresses, asked again and again to the last. */
const resolving = (...answers: readonly (readonly string[])[]): Lookup & { asked: number } => {
  const lookup = ((_name, _options, callback) => {
    const addresses = answers[Math.min(lookup.asked, answers.length - 1)] ?? [];
    lookup.asked += 1;
    callback(
      null,
      addresses.map((address): LookupAddress => ({ address, family: address.includes(":") ? 6 : 4 })),
    );
  }) as Lookup & { asked: number };
  lookup.asked = 0;
  return lookup;
};

describe("what goes out", () => {
  it("is the body with its headers, and an id of the event that a repeat has too", async () => {
    const receiver = await receive();
    expect(await sendTo({ url: `${receiver.url}/hook?a=b` })).toEqual({ taken: true });
    await sendTo({ url: `${receiver.url}/hook?a=b` });
    const [first, second] = receiver.received;
    expect(first).toMatchObject({
      path: "/hook?a=b",
      body: { statusUpdate: { taskId: "t-1" } },
      headers: {
        "content-type": "application/a2a+json",
        "a2a-version": "1.0",
        "x-a2a-event-id": "t-1/c%2F1/7.1",
        "user-agent": "AgentCore/1.2.3",
      },
    });
    expect(first?.headers).not.toHaveProperty("authorization");
    expect(first?.headers).not.toHaveProperty("x-a2a-notification-token");
    expect(second?.headers["x-a2a-event-id"]).toBe("t-1/c%2F1/7.1");
  });

  it("PUSH-DELIVER-001: carries the credentials, and the token beside them", async () => {
    const receiver = await receive();
    const authentication = { scheme: "Basic", credentials: "YTpi" };
    await sendTo({ url: receiver.url, token: "tok", authentication });
    await sendTo({ url: receiver.url, authentication: { scheme: "Bearer" } });
    expect(
      receiver.received.map(({ headers }) => [headers.authorization, headers["x-a2a-notification-token"]]),
    ).toEqual([
      ["Basic YTpi", "tok"],
      ["Bearer", undefined],
    ]);
  });

  it("says JSON and 0.3 to webhooks of 0.3", async () => {
    const receiver = await receive();
    await sendTo({ url: receiver.url }, { protocol: "0.3" });
    expect(receiver.received[0]?.headers).toMatchObject({ "content-type": "application/json", "a2a-version": "0.3" });
  });
});

describe("what an answer means", () => {
  it.each([200, 201, 202, 204])("%i takes it, however much comes with it", async (status) => {
    const receiver = await receive(answering(status));
    expect(await sendTo({ url: receiver.url })).toEqual({ taken: true });
  });

  it.each([
    [503, "transient"],
    [429, "transient"],
    [400, "refused"],
    [404, "refused"],
    [410, "gone"],
  ])("%i does not: %s", async (status, kind) => {
    const receiver = await receive(answering(status, { "retry-after": "9" }));
    expect(await sendTo({ url: receiver.url })).toEqual({
      ...{ taken: false, kind, error: `HTTP ${status}`, retryAfterMs: 9_000 },
    });
  });

  it("a redirect is not followed, wherever it leads", async () => {
    const inner = await receive();
    const receiver = await receive(answering(307, { location: inner.url }));
    expect(await sendTo({ url: receiver.url })).toMatchObject({
      kind: "refused",
      error: expect.stringContaining("307"),
    });
    expect(inner.received).toEqual([]);
  });

  it("nobody there, or nobody who answers within 30 s, may be there later", async () => {
    const receiver = await receive(() => {});
    const clock = new ManualClock({ macrotask: () => new Promise((resolve) => setImmediate(resolve)) });
    const slow = sendTo({ url: receiver.url }, { clock });
    await expect.poll(() => receiver.received.length).toBe(1);
    await clock.advance(30_000);
    expect(await slow).toEqual({ taken: false, kind: "transient", error: "no answer within 30 s" });
    await receiver.close();
    expect(await sendTo({ url: receiver.url })).toMatchObject({
      kind: "transient",
      error: "no answer: ECONNREFUSED",
      detail: expect.stringContaining("ECONNREFUSED 127.0.0.1"),
    });
    expect(clock.nextTimerAt()).toBeNull();
  });

  it("an abort ends it, with no outcome", async () => {
    const receiver = await receive(() => {});
    const controller = new AbortController();
    const sent = sendTo({ url: receiver.url }, { signal: controller.signal });
    await expect.poll(() => receiver.received.length).toBe(1);
    controller.abort(new Error("closing"));
    await expect(sent).rejects.toThrow("closing");
  });
});

describe("where nothing goes", () => {
  const strict = { allowPrivate: false };

  it.each([
    "http://127.0.0.1/",
    "http://127.8.9.1/",
    "http://2130706433/",
    "http://0x7f.1/",
    "http://0177.0.0.1/",
    "http://[::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://10.1.2.3/",
    "http://172.16.0.1/",
    "http://192.168.1.1/",
    "http://100.64.0.1/",
    "http://[fc00::1]/",
    "http://[::ffff:10.0.0.1]/",
    "http://[64:ff9b::a00:1]/",
    "http://[2002:a00:1::]/",
  ])("%s, unless it is allowed by the option that the refusal names", async (url) => {
    expect(await sendTo({ url }, strict)).toMatchObject({
      kind: "refused",
      error: expect.stringContaining("--allow-private-webhooks"),
    });
  });

  it.each([
    "http://169.254.169.254/latest/meta-data",
    "http://[::ffff:169.254.169.254]/",
    "http://[64:ff9b::a9fe:a9fe]/",
    "http://[fd00:ec2::254]/",
    "http://[fe80::1]/",
    "http://100.100.100.200/",
    "http://0.0.0.0/",
    "http://[::]/",
    "http://255.255.255.255/",
  ])("%s, whatever is allowed", async (url) => {
    expect(await sendTo({ url })).toMatchObject({ kind: "refused", error: expect.stringContaining("never called") });
  });

  it.each([["127.0.0.1"], ["10.0.0.1"], ["169.254.169.254"], ["::1"], ["fe80::1"], ["::ffff:192.168.0.1"]])(
    "a name that leads to %s, also beside a public address",
    async (address) => {
      const receiver = await receive();
      const url = `http://hook.example:${receiver.port}/`;
      for (const answer of [[address], ["203.0.113.7", address]])
        expect(await sendTo({ url }, { ...strict, lookup: resolving(answer) })).toMatchObject({
          kind: "refused",
          error: expect.not.stringContaining(address),
          detail: expect.stringContaining(`hook.example leads to ${address}`),
        });
      expect(receiver.received).toEqual([]);
    },
  );

  it("what a name leads to now counts, not what it led to before", async () => {
    const receiver = await receive();
    const url = `http://hook.example:${receiver.port}/`;
    const lookup = resolving(["127.0.0.1"], ["169.254.169.254"]);
    expect(await sendTo({ url }, { lookup })).toEqual({ taken: true });
    expect(await sendTo({ url }, { lookup })).toMatchObject({ kind: "refused" });
    // One question a connection: what was judged is what is connected to.
    expect(lookup.asked).toBe(2);
    expect(receiver.received).toHaveLength(1);
  });

  it("unencrypted to the public with a secret; without one it may", async () => {
    const lookup = resolving(["203.0.113.7"]);
    const secrets = [{ token: "t" }, { authentication: { scheme: "Bearer", credentials: "c" } }];
    for (const secret of secrets)
      expect(await sendTo({ url: "http://hook.example/", ...secret }, { lookup })).toMatchObject({
        kind: "refused",
        error: expect.stringContaining("https"),
      });
    const controller = new AbortController();
    const sent = sendTo({ url: "http://hook.example/" }, { lookup, signal: controller.signal });
    controller.abort(new Error("connecting"));
    await expect(sent).rejects.toThrow("connecting");
  });

  it("a refusal names neither the path, nor the query, nor a secret", async () => {
    const outcome = await sendTo({ url: "http://10.0.0.1/path?key=secret", token: "secret" }, strict);
    expect(outcome).toMatchObject({ taken: false });
    expect(JSON.stringify(outcome)).not.toMatch(/path|secret/);
  });
});
