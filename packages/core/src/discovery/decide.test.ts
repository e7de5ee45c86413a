/** Where nobody is found, and the tenant names a model that chooses. */
import { PlatformError } from "@agentcore/contract";
import { expect, test } from "vitest";
import { createMemoryVectorIndex } from "../inprocess/index.ts";
import type { Embedder, WordVectors } from "../ports/index.ts";
import { type AgentRecord, AgentRegistry, createReplica } from "../registry/index.ts";
import { createFnvDigest, createRecordingLogger, ManualClock } from "../testing/index.ts";
import { AgentDiscovery, type Asker, type DeciderQuestion, type Verdict } from "./index.ts";

const record = (name: string, description: string, more: Partial<AgentRecord> = {}): AgentRecord => ({
  ...{ tenantId: "acme", name, revision: "r1", description, labels: {}, subscribes: [], idempotent: true },
  ...{ skills: [], replicas: [createReplica(`${name}-1`, "n")] },
  ...more,
});

const AGENTS = [
  record("physician", "Treats patients"),
  record("veterinarian", "Treats sick animals"),
  record("gardener", "Waters the lawn"),
  record("bookkeeper", "Keeps the accounts"),
];

/** All words of medicine have one direction. */
const wordVectors: WordVectors = {
  name: "test-words",
  dimensions: 1,
  weightOf: () => 1,
  vectorOf: (word) =>
    ["doctor", "cures", "ill", "treats", "patients", "sick"].includes(word) ? Float32Array.of(1) : undefined,
};

const NEED = "a doctor who cures ill people";
const ASKER: Asker = { caller: "ann", agent: "", priority: "normal" };

type Behaviour = (question: DeciderQuestion, signal: AbortSignal) => Promise<Verdict>;

const choosing =
  (agent: string | null): Behaviour =>
  async () => ({ agent, reason: "it treats people" });

const untilStopped: Behaviour = (_question, signal) =>
  new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));

const setup = (
  behave: Behaviour,
  {
    candidates,
    tenants = ["acme"],
    maxTenants,
    embedder,
  }: { candidates?: number; tenants?: readonly string[]; maxTenants?: number; embedder?: Embedder } = {},
) => {
  const clock = new ManualClock();
  const registry = new AgentRegistry({ clock });
  for (const agent of AGENTS) registry.register(agent);
  const asked: DeciderQuestion[] = [];
  const stopped: string[] = [];
  const decider = {
    name: "chooser",
    decide: (question: DeciderQuestion, { signal }: { signal: AbortSignal }) => {
      asked.push(question);
      signal.addEventListener("abort", () => stopped.push(question.need));
      return behave(question, signal);
    },
  };
  const discovery = new AgentDiscovery({
    ...{ registry, clock, digest: createFnvDigest(), logger: createRecordingLogger() },
    wordVectors: async () => wordVectors,
    ...(embedder === undefined ? {} : { modelOf: () => ({ embedder, minSimilarity: 2 }) }),
    ...{ vectorIndex: createMemoryVectorIndex(), maxTenants },
    deciderOf: (tenantId) => (tenants.includes(tenantId) ? { decider, candidates } : null),
  });
  const find = (
    need: string,
    more: {
      admits?: (record: AgentRecord) => boolean;
      tenantId?: string;
      signal?: AbortSignal;
      deadline?: number;
      asker?: Asker;
    } = {},
  ) => {
    const { admits = () => true, tenantId = "acme", signal, deadline, asker = ASKER } = more;
    return discovery.find(tenantId, { need }, { signal, deciding: { admits, asker, deadline } });
  };
  return {
    clock,
    registry,
    discovery,
    decider,
    asked,
    stopped,
    find,
    finish: Promise.withResolvers<Verdict>(),
    setBehaviour: (next: Behaviour) => (behave = next),
  };
};

test("one of the nearest is chosen, and it is told by whom, among whom and why", async () => {
  const { find, asked } = setup(choosing("physician"));
  const { candidates, how, nearest, isPartial } = await find(NEED);
  expect(candidates).toEqual([
    expect.objectContaining({
      record: expect.objectContaining({ name: "physician" }),
      why: "chooser chose it: it treats people",
    }),
  ]);
  expect(how.at(-1)).toBe("chooser chose among those that come nearest and may have the work: physician, veterinarian");
  expect({ nearest, isPartial }).toEqual({ nearest: [], isPartial: false });
  expect(asked).toEqual([
    {
      ...{ tenantId: "acme", need: NEED, asker: ASKER },
      agents: [
        { name: "physician", text: "physician. Treats patients" },
        { name: "veterinarian", text: "veterinarian. Treats sick animals" },
      ],
    },
  ]);
});

test("none of them is nobody, as it was, with what the model said", async () => {
  const { find } = setup(choosing(null));
  const { candidates, how, nearest } = await find(NEED);
  expect(candidates).toEqual([]);
  expect(nearest.map(({ agent }) => agent)).toEqual(["physician", "veterinarian"]);
  expect(how.at(-1)).toBe("chooser chose none of physician, veterinarian: it treats people");
});

test("who is found without it costs no call, and without anybody to show there is none either", async () => {
  const { find, asked } = setup(choosing("physician"));
  expect((await find("gardener")).candidates).toHaveLength(1);
  expect((await find("water the lawn")).candidates).toHaveLength(1);
  expect((await find("bake a cake")).candidates).toEqual([]);
  const barred = await find(NEED, { admits: ({ name }) => name === "bookkeeper" });
  expect(barred).toMatchObject({ candidates: [], isPartial: false });
  expect(barred.how.at(-1)).toMatch(/^chooser was not asked/);
  expect(asked).toEqual([]);
});

test("those alone are shown that are admitted, as many as the tenant says, and nobody else can be chosen", async () => {
  const { find, asked } = setup(choosing("physician"), { candidates: 1 });
  const { candidates } = await find(NEED, { admits: ({ name }) => name !== "physician" });
  expect(asked[0]?.agents.map(({ name }) => name)).toEqual(["veterinarian"]);
  expect(candidates).toEqual([]);
});

test("of what an agent says 2,000 characters are shown", async () => {
  const { find, asked, registry } = setup(choosing("physician"));
  registry.register(record("physician", `Treats patients ${"x ".repeat(5_000)}`));
  await find(NEED);
  expect(asked[0]?.agents.map(({ text }) => text.length)).toContain(2_000);
});

test("the same need is decided once in ten minutes, whoever asks; other agents, another revision, model or need are other questions", async () => {
  const { find, asked, clock, registry, decider } = setup(choosing("physician"));
  await find(NEED);
  await find(NEED, { asker: { ...ASKER, caller: "bob" } });
  expect(asked).toHaveLength(1);
  await find(`${NEED}!`);
  await find(NEED, { admits: ({ name }) => name !== "veterinarian" });
  expect(asked).toHaveLength(3);
  registry.register(record("physician", "Treats patients", { revision: "r2" }));
  await find(NEED);
  expect(asked).toHaveLength(4);
  await clock.advance(600_000);
  await find(NEED);
  expect(asked).toHaveLength(5);
  decider.name = "another";
  await find(NEED);
  expect(asked).toHaveLength(6);
});

test("who asks the same at once shares a call, which ends when nobody waits any more", async () => {
  const { find, asked, stopped, clock, setBehaviour } = setup(untilStopped);
  const [ann, bob] = [new AbortController(), new AbortController()];
  const waiting = [find(NEED, { signal: ann.signal }), find(NEED, { signal: bob.signal })];
  for (const one of waiting) one.catch(() => undefined);
  await clock.turn();
  expect(asked).toHaveLength(1);
  ann.abort(new PlatformError("CANCELED", "enough"));
  await expect(waiting[0]).rejects.toMatchObject({ code: "CANCELED", message: "enough" });
  expect(stopped).toEqual([]);
  bob.abort(new PlatformError("CANCELED", "enough"));
  await expect(waiting[1]).rejects.toMatchObject({ code: "CANCELED" });
  expect(stopped).toEqual([NEED]);
  setBehaviour(choosing("physician"));
  expect((await find(NEED)).candidates).toHaveLength(1);
});

test("a model that takes longer than it may leaves open who could do it, and is let be for 30 s", async () => {
  const { find, asked, stopped, clock, setBehaviour } = setup(untilStopped);
  const slow = find(NEED);
  await clock.advance(10_000);
  expect(await slow).toMatchObject({ candidates: [], isPartial: true });
  expect((await slow).how.at(-1)).toMatch(
    /^chooser was to choose among physician, veterinarian, and could not be asked \(no answer came within 10000 ms\)/,
  );
  expect(stopped).toEqual([NEED]);
  setBehaviour(choosing("physician"));
  expect(await find(NEED)).toMatchObject({ isPartial: true, retryAfterMs: 30_000 });
  expect(asked).toHaveLength(1);
  await clock.advance(0.5);
  // Whole milliseconds, as everywhere.
  expect(await find(NEED)).toMatchObject({ retryAfterMs: 30_000 });
  await clock.advance(30_000);
  expect((await find(NEED)).candidates).toHaveLength(1);
});

test("the deadline of a call is kept, and says nothing of the model", async () => {
  const { find, clock, setBehaviour } = setup(untilStopped);
  const short = find(NEED, { deadline: clock.now() + 500 });
  await clock.advance(500);
  expect(await short).toMatchObject({ isPartial: true });
  setBehaviour(choosing("physician"));
  expect(await find(NEED, { deadline: clock.now() })).toMatchObject({ isPartial: true });
  expect((await find(NEED)).candidates).toHaveLength(1);
});

test("a model that cannot be asked leaves open who could do it, for nobody else and for no longer", async () => {
  const { find, asked, setBehaviour } = setup(() =>
    Promise.reject(new PlatformError("BUDGET_EXCEEDED", "the budget of ann is used up", { retryAfterMs: 5_000 })),
  );
  const finding = await find(NEED);
  expect(finding).toMatchObject({ candidates: [], isPartial: true, retryAfterMs: 5_000 });
  expect(finding.how.at(-1)).toContain("could not be asked (the budget of ann is used up)");
  setBehaviour(choosing("physician"));
  expect((await find(NEED, { asker: { ...ASKER, caller: "bob" } })).candidates).toHaveLength(1);
  expect(asked).toHaveLength(2);
});

test("an agent that has changed or gone while the model thought gets nothing", async () => {
  const { find, registry, setBehaviour } = setup(async () => {
    registry.register(record("physician", "Sells shoes", { revision: "r2" }));
    return { agent: "physician", reason: "it treats people" };
  });
  expect(await find(NEED)).toMatchObject({ candidates: [], isPartial: true });
  setBehaviour(async () => {
    registry.remove("acme", "veterinarian");
    return { agent: "veterinarian", reason: "it treats" };
  });
  expect(await find(NEED)).toMatchObject({ candidates: [], isPartial: true });
});

test("a call of the model is shared by those alone who pay for it: what one cannot pay, or waits for, is not another's", async () => {
  const { find, asked, clock, setBehaviour } = setup(({ asker: { caller, taskId } }, signal) =>
    caller === "poor" || taskId === "t1"
      ? untilStopped({} as DeciderQuestion, signal)
      : choosing("physician")({} as DeciderQuestion, signal),
  );
  const poor = find(NEED, { asker: { ...ASKER, caller: "poor" } });
  const run = find(NEED, { asker: { ...ASKER, agent: "guide", taskId: "t1" } });
  await clock.turn();
  expect((await find(NEED, { asker: { ...ASKER, agent: "guide", taskId: "t2" } })).candidates).toHaveLength(1);
  expect(asked).toHaveLength(3);
  await clock.advance(10_000);
  expect([await poor, await run]).toMatchObject([{ isPartial: true }, { isPartial: true }]);
  // One who waits for money of its own has not shown that the model is slow for others.
  expect((await find(`${NEED}!`)).candidates).toHaveLength(1);
  setBehaviour(choosing("physician"));
  expect(await find(`${NEED}!!`, { asker: { ...ASKER, caller: "poor" } })).toMatchObject({ isPartial: true });
});

test("a tenant whose model thinks is not forgotten for others that ask meanwhile", async () => {
  const { find, registry, clock, stopped, setBehaviour, finish } = setup(untilStopped, { maxTenants: 1 });
  setBehaviour(() => finish.promise);
  const waiting = find(NEED);
  await clock.turn();
  for (const tenantId of ["globex", "initech"]) {
    registry.register(record("physician", "Treats patients", { tenantId }));
    await find(NEED, { tenantId });
  }
  expect(stopped).toEqual([]);
  finish.resolve({ agent: "physician", reason: "it treats people" });
  expect((await waiting).candidates).toHaveLength(1);
});

test("the nearest by words are not shown where those by meaning were to be, also of a need that was searched for before", async () => {
  let isDown = false;
  const embed = async (_tenantId: string, texts: readonly string[]) => {
    if (isDown) throw new PlatformError("UPSTREAM_FAILED", "down");
    return texts.map((text) => Float32Array.from(text.includes("lawn") || text === NEED ? [1, 0.1] : [0.1, 1]));
  };
  const { find, asked, clock } = setup(choosing(null), { embedder: { name: "vectors", embed } });
  const barred = { admits: () => false };
  expect((await find(NEED, barred)).isPartial).toBe(false);
  isDown = true;
  await find("something that has no vector yet");
  const finding = await find(NEED);
  expect(finding).toMatchObject({ candidates: [], isPartial: true });
  expect(finding.how.at(-1)).toContain("vectors could not be asked");
  expect(asked).toEqual([]);
  isDown = false;
  await clock.advance(30_000);
  await find(NEED);
  expect(asked[0]?.agents[0]?.name).toBe("gardener");
});

test("half a character is not shown", async () => {
  const { find, asked, registry } = setup(choosing("physician"));
  registry.register(
    record("physician", `Treats patients ${"x".repeat(1_999 - "physician. Treats patients ".length)}\u{1F9D1}`),
  );
  await find(NEED);
  expect(asked[0]?.agents.map(({ text }) => text.isWellFormed())).toEqual([true, true]);
});

test("I7: a tenant's model is asked for its own needs, shown its own agents, and its choices are its own", async () => {
  const { find, asked, registry } = setup(choosing("physician"), { tenants: ["acme", "globex"] });
  registry.register(record("physician", "Treats patients", { tenantId: "globex" }));
  registry.register(record("physician", "Treats patients", { tenantId: "initech" }));
  await find(NEED);
  await find(NEED, { tenantId: "globex" });
  expect(asked.map(({ tenantId, agents }) => [tenantId, agents.length])).toEqual([
    ["acme", 2],
    ["globex", 1],
  ]);
  // Names no model.
  expect((await find(NEED, { tenantId: "initech" })).candidates).toEqual([]);
  expect(asked).toHaveLength(2);
});

test("no more than 100 needs are decided at once; closing ends them", async () => {
  const { find, discovery, clock } = setup(untilStopped);
  const waiting = Array.from({ length: 100 }, (_, index) => find(`${NEED} ${index}`));
  await clock.turn();
  const one = await find(NEED);
  expect(one.how.at(-1)).toContain("could not be asked (100 needs are being decided already)");
  discovery.close();
  for (const finding of await Promise.all(waiting)) expect(finding).toMatchObject({ isPartial: true });
});
