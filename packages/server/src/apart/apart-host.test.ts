import type { QueryContext } from "@agentcore/contract/authoring";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ApartEvents } from "./apart.ts";
import { createApartHost } from "./apart-host.ts";
import type { ToApart } from "./messages.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** What runs there answers nothing but that it is loaded, with an input schema and an `answer`. */
const silent = () => {
  const sent: ToApart[][] = [];
  const ends: (() => void)[] = [];
  const start = (_: unknown, { hear, gone }: ApartEvents) => {
    const own: ToApart[] = [];
    sent.push(own);
    let isGone = false;
    const kill = (): void => {
      if (!isGone) gone("it was killed");
      isGone = true;
    };
    ends.push(kill);
    const value = {
      ...{
        name: "a",
        description: "A",
        version: "1",
        skills: [],
        labels: {},
        tools: [],
        idempotent: false,
        subscribes: [],
      },
      ...{ runs: true, answers: true, input: { $apart: "schema", id: 1 } },
    };
    queueMicrotask(() => hear({ type: "loaded", value }));
    return { send: (message: ToApart) => void own.push(message), answer: () => {}, kill };
  };
  const limits = { heapBytes: 1, environment: {} };
  const host = createApartHost({ start, limits, snapshot: {} as never, exportName: "a", snapshotDirectory: "/" });
  return { host, sent, ends };
};

const typesOf = (messages: readonly ToApart[] = []): string[] => messages.map(({ type }) => type);

test("a query that is over is answered so, and a handler that does not end by then is ended with what it runs in", async () => {
  const { host, sent } = silent();
  const definition = await host.define();
  const stop = new AbortController();
  const ctx = { signal: stop.signal, env: {}, tenantId: "t", log: {} } as unknown as QueryContext;
  const refused = expect(definition.answer?.({ payload: 1 } as never, ctx)).rejects.toThrow("too late");
  await vi.advanceTimersByTimeAsync(1);
  stop.abort(new Error("too late"));
  await refused;
  expect(typesOf(sent[0])).toEqual(["load", "answer", "abort", "drop"]);
  // It hears of no drop: the next query gets another one.
  await vi.advanceTimersByTimeAsync(2_000);
  await host.define();
  expect(sent.length).toBe(2);
});

test("a query that is over before it begins is not begun", async () => {
  const { host, sent } = silent();
  const definition = await host.define();
  const ctx = { signal: AbortSignal.abort(new Error("too late")), env: {}, tenantId: "t", log: {} } as unknown;
  await expect(definition.answer?.({ payload: 1 } as never, ctx as QueryContext)).rejects.toThrow("too late");
  expect(typesOf(sent[0])).not.toContain("answer");
});

test("a validation fails when what it runs in dies meanwhile, and the next one begins afresh", async () => {
  const { host, sent, ends } = silent();
  const definition = await host.define();
  const refused = expect(definition.input?.["~standard"].validate({})).rejects.toMatchObject({ code: "UNAVAILABLE" });
  await vi.advanceTimersByTimeAsync(1);
  expect(typesOf(sent[0])).toEqual(["load", "invoke"]);
  ends[0]?.();
  await refused;
  void definition.input?.["~standard"].validate({});
  await vi.advanceTimersByTimeAsync(1);
  expect(typesOf(sent[1])).toEqual(["load", "invoke"]);
});

test("a validation that does not end is ended after 10 s", async () => {
  const { host, sent } = silent();
  const definition = await host.define();
  const refused = expect(definition.input?.["~standard"].validate({})).rejects.toMatchObject({ code: "UNAVAILABLE" });
  await vi.advanceTimersByTimeAsync(9_000);
  expect(sent.length).toBe(1);
  await vi.advanceTimersByTimeAsync(1_000);
  await refused;
});
