import { PlatformError } from "@agentcore/contract";
import { type Bus, createBus, isDelivered } from "@agentcore/core/bus";
import { AgentRegistry, createReplica } from "@agentcore/core/registry";
import { z } from "zod";
import { type Benchmark, judge } from "../benchmark.ts";
import { clock, define, openWorld, scope, senses } from "../engine.ts";
import { format, measurePairs } from "../measure.ts";
import { loadPeer } from "../peer.ts";
import { withFolder } from "../scratch.ts";

const CALLS = 30_000;
const COMMANDS = 5_000;

interface MoleculerPeer {
  call(params: { readonly a: number; readonly b: number }): Promise<{ readonly sum: number }>;
  stop(): Promise<void>;
}

export const benchmark: Benchmark = {
  name: "routed-query",
  what: "routed queries/s in process, whole interceptor chain, one awaited after another, against Moleculer's broker.call",
  unit: "calls/s",
  floor: { of: "ratio", atLeast: 2 },
  run: async () => {
    const { startMoleculer } = await loadPeer<{ startMoleculer(): Promise<MoleculerPeer> }>("moleculer");
    const moleculer = await startMoleculer();
    const { bus, calls } = startBus();
    const ask = (a: number): Promise<unknown> =>
      bus.query({ tenantId: "acme", source: "agent:asker", target: "agent:sum", payload: { a, b: 1 } }, { caller });
    const ours = (): Promise<number> => perSecond(async (a) => (await ask(a)) as { sum: number });
    const peer = (): Promise<number> => perSecond((a) => moleculer.call({ a, b: 1 }));
    await ours();
    await peer();
    const measured = await measurePairs(ours, peer);
    const crowd = await measurePairs(
      () => perSecond(async (a) => (await ask(a)) as { sum: number }, 50),
      () => perSecond((a) => moleculer.call({ a, b: 1 }), 50),
      3,
    );
    const commands = await durableCommands();
    await moleculer.stop();
    bus.close();
    return judge(benchmark, measured, [
      measured.spread,
      `50 at once: ${format(crowd.ours)} against ${format(crowd.peer ?? 0)} calls/s, ${format(crowd.ratio ?? 0)}x`,
      `ours: validate, authenticate, authorise, limit, trace, route, guard, deliver, record; a zod schema checks the payload; ${format(calls.ok)} calls counted, ${calls.failed} failed`,
      "ours: the rate limit is on, set above what one caller can send",
      "Moleculer: validator, metrics, tracing (every call, no exporter), circuit breaker, bulkhead (100), retry, timeout on; logger off",
      `durable commands/s beside it (echo tasks on SQLite, synchronous=FULL, 200 at once): ${format(commands)}`,
    ]);
  },
};

const caller = { caller: "agent:asker", tenantId: "acme" };

const startBus = (): { readonly bus: Bus; readonly calls: { ok: number; failed: number; ms: number } } => {
  const registry = new AgentRegistry({ clock });
  const record = registry.register({
    tenantId: "acme",
    name: "sum",
    revision: "1",
    description: "adds",
    skills: [{ id: "add", name: "Add", description: "adds two numbers", tags: [] }],
    labels: {},
    subscribes: [],
    idempotent: true,
    replicas: [createReplica("sum-1", "node-1")],
  });
  const heartbeat = setInterval(() => registry.heartbeat("acme", "sum", "sum-1"), 1000);
  heartbeat.unref();
  const payload = z.object({ a: z.number(), b: z.number() });
  const calls = { ok: 0, failed: 0, ms: 0 };
  const bus = createBus({
    registry,
    senses,
    limits: { ratePerSecond: 1e9, burst: 1e9 },
    deliver: {
      // As a host does it: nothing that did not pass the chain, and nothing the agent's schema refuses.
      query: async (agent, _replica, message) => {
        if (!isDelivered(message, agent)) throw new PlatformError("PERMISSION_DENIED", "not delivered by the bus");
        const input = payload.safeParse(message.payload);
        if (!input.success) throw new PlatformError("INVALID_ARGUMENT", input.error.message);
        return { sum: input.data.a + input.data.b };
      },
    },
    onCall: ({ outcome, durationMs }) => {
      if (outcome === "ok") calls.ok++;
      else calls.failed++;
      calls.ms += durationMs;
    },
  });
  if (record.name !== "sum") throw new Error("not registered");
  return { bus, calls };
};

const perSecond = async (call: (a: number) => Promise<{ readonly sum: number }>, lanes = 1): Promise<number> => {
  const startedAt = performance.now();
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < CALLS) {
      const a = next++;
      if ((await call(a)).sum !== a + 1) throw new Error(`wrong sum for ${a}`);
      // The event loop turns as in a real process: timers and heartbeats get their time.
      if (a % 1000 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return (CALLS * 1000) / (performance.now() - startedAt);
};

const durableCommands = (): Promise<number> =>
  withFolder(async (folder) => {
    const world = await openWorld({ directory: folder, agents: [define("echo", (task) => task.input)] });
    const lane = async (commands: number): Promise<void> => {
      for (let index = 0; index < commands; index++) {
        await world.service.submit(scope, { target: { agent: "echo" }, input: index });
      }
    };
    await lane(50);
    const startedAt = performance.now();
    await Promise.all(Array.from({ length: 200 }, () => lane(COMMANDS / 200)));
    const rate = (COMMANDS * 1000) / (performance.now() - startedAt);
    await world.close();
    return rate;
  });
