import { type Context, PlatformError, type TaskInput } from "@agentcore/sdk";
import { expect, test } from "vitest";
import { type MonitorOptions, monitorAgent, type OpenAlert } from "./monitor.ts";

interface Told {
  readonly agent: string;
  readonly at?: number;
  readonly name?: string;
  readonly value?: number;
}

const MINUTE_MS = 60_000;

/** A monitor, and what it is told in one batch each time. */
const start = (options: MonitorOptions) => {
  const kept = new Map<string, unknown>();
  const emitted: { topic: string; alert: string; agent: string }[] = [];
  const agent = monitorAgent(options);
  let tasks = 0;
  const tell = async (all: readonly Told[], now = MINUTE_MS): Promise<void> => {
    const events = all.map(({ agent: source, at = now, name = "m", value = 3 }) => ({
      ...{ id: "e", topic: "metric.measured", source },
      payload: { measures: [{ at, name, value }] },
    }));
    const [first, ...others] = events;
    const ctx = {
      now: () => now,
      log: { warn: () => {} },
      memory: {
        get: async (key: string) => kept.get(key) ?? null,
        set: async (key: string, value: unknown) => {
          // As stores do.
          expect(Buffer.byteLength(JSON.stringify(value))).toBeLessThanOrEqual(1_048_576);
          kept.set(key, value);
        },
      },
      emit: async (topic: string, { alert, agent: of }: OpenAlert) => void emitted.push({ topic, alert, agent: of }),
      waitForSignal: async () => {
        const event = others.shift();
        if (event === undefined) throw new PlatformError("DEADLINE_EXCEEDED", "none");
        return event;
      },
      continueAs: () => undefined,
      patched: () => true,
    };
    const id = `task-${++tasks}`;
    await agent.run?.({ id, input: first, caller: "event:x" } as TaskInput<never>, ctx as unknown as Context);
  };
  const alerts = (): readonly OpenAlert[] => (kept.get("numbers") as { alerts: readonly OpenAlert[] }).alerts;
  return { tell, alerts, emitted };
};

const agents = (count: number): readonly Told[] =>
  Array.from({ length: count }, (_, n) => ({ agent: `${"agent".repeat(10)}-${n}` }));

test("alerts of many agents and thresholds have room in what it keeps, and are each told once", async () => {
  const thresholds = Array.from({ length: 50 }, (_, n) => ({
    ...{ name: `t${n}`.padEnd(90, "x"), measure: "m", statistic: "max" as const, above: 1, minCount: 1 },
  }));
  const { tell, alerts, emitted } = start({ thresholds });
  await tell(agents(200));
  const first = emitted.length;
  expect(first).toBeGreaterThan(100);
  expect(alerts()).toHaveLength(first);
  await tell(agents(200));
  expect(emitted).toHaveLength(first);
});

test("an alert stays open while its agent's numbers have made room for those of others", async () => {
  const thresholds = [{ name: "slow", measure: "m", statistic: "max" as const, above: 1, minCount: 1 }];
  const { tell, alerts, emitted } = start({ thresholds, maxSeries: 10 });
  await tell([{ agent: "a" }]);
  await tell(
    agents(20).map((each) => ({ ...each, name: "other" })),
    2 * MINUTE_MS,
  );
  expect(alerts()).toMatchObject([{ alert: "slow", agent: "a" }]);
  await tell([{ agent: "a", value: 0 }], 30 * MINUTE_MS);
  expect(emitted).toMatchObject([{ topic: "alert.raised" }, { topic: "alert.resolved" }]);
  expect(alerts()).toEqual([]);
});
