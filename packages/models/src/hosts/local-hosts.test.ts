import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setImmediate } from "node:timers/promises";
import { ManualClock } from "@agentcore/core/testing";
import { afterEach, describe, expect, test } from "vitest";
import type { ModelTarget } from "../model-target.ts";
import { LocalHosts } from "./local-hosts.ts";

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

type Answers = Readonly<Record<string, unknown>>;

/** Answers by path: a status, JSON, or by a function. */
const startHost = async (answers: Answers) => {
  const requests: string[] = [];
  const seenHeaders: (string | undefined)[] = [];
  let current = answers;
  const arrivals = new Set<() => void>();
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    requests.push(path);
    seenHeaders.push(request.headers.authorization);
    for (const arrived of arrivals) arrived();
    const answer = current[path];
    if (typeof answer === "function") (answer as (response: ServerResponse) => void)(response);
    else if (typeof answer === "number" || answer === undefined) response.writeHead(answer ?? 404).end();
    else response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
  });
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const stop = (): void => {
    server.closeAllConnections();
    server.close();
  };
  closers.push(stop);
  return {
    ...{ host: `127.0.0.1:${port}`, url: `http://127.0.0.1:${port}`, requests, seenHeaders, stop },
    answers: (next: Answers) => void (current = next),
    restart: () => listen(port),
    arrived: (count: number) =>
      new Promise<void>((resolve) => {
        const check = (): void => void (requests.length >= count && resolve());
        arrivals.add(check);
        check();
      }),
  };
};

const tags = (...names: readonly string[]) => ({ models: names.map((name) => ({ name, model: name })) });
const ollama = (there: readonly string[], loaded: readonly string[] = []) => ({
  "/api/tags": tags(...there),
  "/api/ps": tags(...loaded),
});

const target = (baseUrl: string, more: Partial<ModelTarget> = {}): ModelTarget => ({
  ...{ id: `m@${baseUrl}`, name: "m", provider: "ollama", model: "llama3.2", baseUrl, isDeclared: true },
  ...{ timeoutMs: 1_000, firstTokenTimeoutMs: 1_000 },
  ...more,
});

const open = (options: Partial<ConstructorParameters<typeof LocalHosts>[0]> = {}) => {
  const clock = new ManualClock({ macrotask: () => setImmediate() });
  const hosts = new LocalHosts({
    clock,
    accessOf: ({ baseUrl = "" }) => ({
      baseUrl: `${baseUrl}/v1`,
      headers: { authorization: "Bearer key" },
      policy: { allowLoopback: true, allowPrivate: false, sendsSecret: true, option: "--allow-private-models" },
    }),
    ...options,
  });
  closers.push(() => hosts.close());
  const look = async (
    targets: readonly ModelTarget[],
    tenantId = "acme",
    waits: Parameters<LocalHosts["look"]>[2]["waits"] = "for any",
  ) => {
    await hosts.look(tenantId, targets, { waits, signal: new AbortController().signal });
    return targets.map((each) => hosts.viewOf(tenantId, each));
  };
  return { clock, hosts, look };
};

describe("hosts of Ollama", () => {
  test("it is known which model is where, and which is in memory", async () => {
    const [first, second, third] = [
      await startHost(ollama(["llama3.2:latest", "phi4:14b"], ["llama3.2:latest"])),
      await startHost(ollama(["llama3.2:latest"])),
      await startHost(ollama(["phi4:14b"])),
    ];
    const { look } = open();
    expect(await look([first, second, third].map(({ url }) => target(url)))).toEqual([
      { isLoaded: true },
      { isLoaded: false },
      { problem: `host ${third.host} has no model llama3.2; it has phi4:14b`, retryAfterMs: 10_000 },
    ]);
    expect(first.requests.toSorted()).toEqual(["/api/ps", "/api/tags"]);
    expect(first.seenHeaders).toEqual(["Bearer key", "Bearer key"]);
  });

  test("a host is asked again when it is used and what is known is ten seconds old, without anybody waiting", async () => {
    const host = await startHost(ollama(["llama3.2:latest"]));
    const { clock, look } = open();
    await look([target(host.url)]);
    await look([target(host.url)]);
    clock.stall(9_999);
    await look([target(host.url)]);
    expect(host.requests).toHaveLength(2);
    host.answers({ "/api/tags": () => undefined });
    clock.stall(1);
    expect(await look([target(host.url)])).toEqual([{ isLoaded: false }]);
    await host.arrived(4);
    expect(await look([target(host.url)])).toEqual([{ isLoaded: false }]);
    expect(host.requests).toHaveLength(4);
  });

  test("what is known of a host that nobody asks about any more is held against no call", async () => {
    const [first, second] = [await startHost({ "/v1/models": 500 }), await startHost({ "/v1/models": 500 })];
    const { clock, hosts, look } = open();
    const more = { provider: "openai-compatible" } as const;
    const several = [target(first.url, more), target(second.url, more)];
    expect((await look(several)).every(({ problem }) => problem !== undefined)).toBe(true);
    // From now on its manifest names this one alone, which may be anything and is not asked for its models.
    const alone = target(first.url, more);
    clock.stall(5_000);
    await look([alone]);
    expect(hosts.viewOf("acme", alone)).toEqual({});
  });

  test("a host that does not answer is left out, asked again after five seconds, and comes back", async () => {
    const [gone, there] = [await startHost(ollama(["llama3.2:latest"])), await startHost(ollama(["llama3.2:latest"]))];
    gone.stop();
    const { clock, look } = open();
    const targets = [target(gone.url), target(there.url)];
    expect(await look(targets)).toEqual([
      {
        problem: expect.stringMatching(`host ${gone.host} does not answer: connect ECONNREFUSED`) as string,
        retryAfterMs: 5_000,
      },
      { isLoaded: false },
    ]);
    await gone.restart();
    clock.stall(5_000);
    // One is up: nobody waits for the other.
    expect((await look(targets))[0]?.problem).toMatch(/does not answer/);
    await gone.arrived(2);
    while ((await look(targets))[0]?.problem !== undefined) await clock.turn();
    expect(await look(targets)).toEqual([{ isLoaded: false }, { isLoaded: false }]);
  });

  test("when none is up, those that are asked again are waited for", async () => {
    const host = await startHost({ "/api/tags": 503 });
    const { clock, look } = open();
    expect(await look([target(host.url)])).toEqual([
      { problem: `host ${host.host} does not answer: it answers 503`, retryAfterMs: 5_000 },
    ]);
    host.answers(ollama(["llama3.2:latest"]));
    clock.stall(5_000);
    expect(await look([target(host.url)])).toEqual([{ isLoaded: false }]);
  });

  test("where others may answer nobody waits for hosts that are down, where it is a fallback not even for new ones", async () => {
    const hanging = { "/api/tags": () => undefined, "/api/ps": 404 };
    const [down, fresh] = [await startHost({ "/api/tags": 503 }), await startHost(hanging)];
    const { clock, look } = open();
    await look([target(down.url)], "acme", "for unknown");
    down.answers(hanging);
    clock.stall(5_000);
    expect((await look([target(down.url)], "acme", "for unknown"))[0]?.problem).toMatch(/answers 503/);
    expect(await look([target(fresh.url)], "acme", "never")).toEqual([{}]);
    await fresh.arrived(1);
  });

  test("a call that failed makes the host be asked before the next", async () => {
    const host = await startHost(ollama(["llama3.2:latest"]));
    const { hosts, look } = open();
    const of = target(host.url);
    await look([of]);
    hosts.doubt("acme", of);
    await look([of]);
    await host.arrived(4);
  });

  test("a host that hangs is given five seconds, and leaves no timer behind", async () => {
    const host = await startHost({ "/api/tags": () => undefined, "/api/ps": () => undefined });
    const { clock, look } = open();
    const looked = look([target(host.url)]);
    await host.arrived(2);
    await clock.advance(5_000);
    expect(await looked).toEqual([
      { problem: `host ${host.host} does not answer: no answer within 5 s`, retryAfterMs: 5_000 },
    ]);
    expect(clock.nextTimerAt()).toBeNull();
  });

  test("who asks at once shares one question, and only so many are under way", async () => {
    const waiting: ServerResponse[] = [];
    const answers = { "/api/tags": (response: ServerResponse) => void waiting.push(response), "/api/ps": 404 };
    const [first, second] = [await startHost(answers), await startHost(answers)];
    const { look } = open({ maxAsked: 1 });
    const looked = [look([target(first.url)]), look([target(first.url)]), look([target(second.url)])];
    await first.arrived(2);
    expect(second.requests).toEqual([]);
    waiting[0]?.end(JSON.stringify(tags("llama3.2:latest")));
    await second.arrived(2);
    waiting[1]?.end(JSON.stringify(tags("other")));
    expect((await Promise.all(looked)).map(([view]) => view?.problem)).toEqual([
      ...[undefined, undefined],
      `host ${second.host} has no model llama3.2; it has other`,
    ]);
    expect(first.requests).toHaveLength(2);
  });

  test("tenants do not see what others found out", async () => {
    const host = await startHost(ollama(["llama3.2:latest"]));
    const { look } = open();
    await look([target(host.url)]);
    await look([target(host.url)], "globex");
    expect(host.requests).toHaveLength(4);
  });

  test("only so many hosts are remembered", async () => {
    const [first, second] = [await startHost(ollama(["a:latest"])), await startHost(ollama(["a:latest"]))];
    const { look } = open({ maxHosts: 1 });
    await look([target(first.url)]);
    await look([target(second.url)]);
    await look([target(first.url)]);
    expect(first.requests).toHaveLength(4);
  });

  test("who leaves does not wait, and the end of the node ends all questions", async () => {
    const host = await startHost({ "/api/tags": () => undefined, "/api/ps": () => undefined });
    const { clock, hosts } = open();
    const leaving = new AbortController();
    const looked = hosts.look("acme", [target(host.url)], { waits: "for any", signal: leaving.signal });
    const other = hosts.look("acme", [target(host.url)], {
      ...{ waits: "for unknown", signal: new AbortController().signal },
    });
    await host.arrived(2);
    leaving.abort(new Error("enough"));
    await expect(looked).rejects.toThrow("enough");
    hosts.close();
    await other;
    expect(clock.nextTimerAt()).toBeNull();
  });
});

describe("hosts that speak OpenAI's dialect", () => {
  const compatible = (url: string) => target(url, { provider: "openai-compatible", model: "tiny" });
  const listing = (...ids: readonly string[]) => ({
    "/v1/models": { object: "list", data: ids.map((id) => ({ id })) },
  });

  test("of several it is asked which models they have", async () => {
    const [first, second] = [await startHost(listing("tiny")), await startHost(listing())];
    const { look } = open();
    expect(await look([compatible(first.url), compatible(second.url)])).toEqual([
      {},
      { problem: `host ${second.host} has no model tiny; it has none`, retryAfterMs: 10_000 },
    ]);
  });

  test.each([[401], [404], [{ not: "a list" }], [(response: ServerResponse) => void response.end("<html>")]])(
    "one that lists nothing is taken to have it: %#",
    async (answer) => {
      const [first, second] = [await startHost({ "/v1/models": answer }), await startHost(listing("tiny"))];
      expect(await open().look([compatible(first.url), compatible(second.url)])).toEqual([{}, {}]);
    },
  );

  test("a single one is not asked: it may be anything", async () => {
    const host = await startHost(listing());
    expect(await open().look([compatible(host.url)])).toEqual([{}]);
    expect(host.requests).toEqual([]);
  });

  test("an address that may not be called is not", async () => {
    const [first, second] = [compatible("http://169.254.169.254"), compatible("http://10.0.0.1")];
    const [metadata, inner] = await open().look([first, second]);
    expect(metadata?.problem).toMatch(/never called/);
    expect(inner?.problem).toMatch(/--allow-private-models/);
  });

  test("what no call can reach is for the call to say", async () => {
    const { look } = open({
      accessOf: () => {
        throw new Error("no key");
      },
    });
    expect(await look([compatible("http://127.0.0.1:1"), compatible("http://127.0.0.1:2")])).toEqual([{}, {}]);
  });
});
