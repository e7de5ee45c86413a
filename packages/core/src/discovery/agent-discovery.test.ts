import { PlatformError } from "@agentcore/contract";
import { expect, test } from "vitest";
import { createMemoryVectorIndex } from "../inprocess/index.ts";
import type { Embedder, WordVectors } from "../ports/index.ts";
import { type AgentRecord, AgentRegistry, createReplica } from "../registry/index.ts";
import { createFnvDigest, createRecordingLogger, ManualClock } from "../testing/index.ts";
import { AgentDiscovery, type AgentDiscoveryOptions } from "./index.ts";

const record = (name: string, description: string, more: Partial<AgentRecord> = {}): AgentRecord => ({
  ...{ tenantId: "acme", name, revision: "r1", description, labels: {}, subscribes: [], idempotent: true },
  skills: [{ id: `${name}-skill`, name: "", description: "", tags: [`tag-${name}`] }],
  replicas: [createReplica(`${name}-1`, "n")],
  ...more,
});

const AGENTS = [
  record("loan-scorer", "Scores the credit risk of a loan application"),
  record("invoice-reader", "Reads supplier invoices and returns amounts and due dates"),
  record("truck-planner", "Plans the maintenance of trucks"),
];

const setup = (options: Partial<AgentDiscoveryOptions> = {}, agents: readonly AgentRecord[] = AGENTS) => {
  const clock = new ManualClock();
  const logger = createRecordingLogger();
  const registry = new AgentRegistry({ clock });
  for (const agent of agents) registry.register(agent);
  const discovery = new AgentDiscovery({ registry, clock, logger, digest: createFnvDigest(), ...options });
  const namesFor = async (need: string, tenantId = "acme") =>
    (await discovery.find(tenantId, { need })).candidates.map(({ record: { name } }) => name);
  return { clock, logger, registry, discovery, namesFor };
};

/** Words that mean alike have one direction; no other is known. */
const wordVectors = (...alike: readonly (readonly string[])[]): WordVectors => ({
  name: "test-words",
  dimensions: alike.length,
  weightOf: () => 1,
  vectorOf(word) {
    const at = alike.findIndex((words) => words.includes(word));
    return at < 0 ? undefined : Float32Array.from(alike, (_, index) => (index === at ? 1 : 0));
  },
});

/** A number for each concept that a text speaks of. */
const conceptEmbedder = (name: string, concepts: readonly RegExp[]) => {
  const asked: string[] = [];
  let failure: PlatformError | null = null;
  const embedder: Embedder = {
    name,
    async embed(_tenantId, texts) {
      if (failure !== null) throw failure;
      asked.push(...texts);
      return texts.map((text) => [...concepts.map((concept) => (concept.test(text) ? 1 : 0)), 0.01]);
    },
  };
  return { embedder, asked, failWith: (error: PlatformError | null) => (failure = error) };
};

test.each([
  ["loan-scorer", "it is called that"],
  ["Loan Scorer", "it is called that"],
  ["loan-scorer-skill", "that is its skill loan-scorer-skill"],
  ["tag loan scorer", "its skill loan-scorer-skill has that tag"],
])("%s is found as the very thing", async (need, why) => {
  const { discovery } = setup();
  const { candidates } = await discovery.find("acme", { need });
  expect(candidates).toEqual([expect.objectContaining({ similarity: 1, why })]);
});

test("whoever says the words is found, in whatever form they stand", async () => {
  const { namesFor, discovery } = setup();
  expect(await namesFor("score my loan applications")).toEqual(["loan-scorer"]);
  const { candidates, how } = await discovery.find("acme", { need: "score my loan applications" });
  expect(candidates[0]?.why).toBe("says score, loan, applications");
  expect(how).toEqual([expect.stringContaining("npm install @agentcore/vectors")]);
});

test("what nobody can do finds nobody, and says who comes nearest", async () => {
  const { discovery } = setup();
  const nobody = await discovery.find("acme", { need: "raise the credit limit of my golf club card" });
  expect(nobody.candidates).toEqual([]);
  expect(nobody.nearest).toEqual([{ agent: "loan-scorer", why: "says credit" }]);
  expect(await discovery.find("acme", { need: "bake a cake" })).toMatchObject({ candidates: [], nearest: [] });
  expect(await discovery.find("acme", { need: "what is it?" })).toMatchObject({ candidates: [], nearest: [] });
  expect(await discovery.find("acme", { need: "!!!" })).toMatchObject({ candidates: [], nearest: [] });
});

test("vectors of words put those in order that say the words; alike words alone find nobody, and are named", async () => {
  const { discovery, namesFor } = setup(
    { wordVectors: async () => wordVectors(["bills", "invoices"], ["vendors", "supplier"], ["sums", "amounts"]) },
    [...AGENTS, record("book-reader", "Reads library books and returns due dates")],
  );
  expect(await namesFor("return the due dates of bills of vendors")).toEqual(["invoice-reader"]);
  const { candidates, how } = await discovery.find("acme", { need: "return the due dates of bills of vendors" });
  expect(candidates[0]?.why).toBe("says return, due, dates; means bills like invoices, vendors like supplier");
  expect(how).toEqual(["by words, and by their meaning in test-words"]);
  const nobody = await discovery.find("acme", { need: "sums of the bills of vendors" });
  expect(nobody).toMatchObject({
    candidates: [],
    nearest: [{ agent: "invoice-reader", why: "means sums like amounts, bills like invoices, vendors like supplier" }],
  });
});

test("with a model the order is by both: the same words put one of two that it finds alike first, and of no words its own order stays", async () => {
  const { embedder } = conceptEmbedder("m", [/invoice|bill/i, /truck|lorr/i]);
  const { discovery } = setup(
    { vectorIndex: createMemoryVectorIndex(), modelOf: () => ({ embedder, minSimilarity: 1.1 }) },
    [
      record("bill-archive", "Keeps bills"),
      record("bill-totaller", "Adds up the totals of bills"),
      record("truck-planner", "Plans the totals of loads of trucks"),
    ],
  );
  const { nearest } = await discovery.find("acme", { need: "sum totals on my invoice" });
  expect(nearest.map(({ agent }) => agent)).toEqual(["bill-totaller", "bill-archive", "truck-planner"]);
});

test("agents are found as they come, change and go", async () => {
  const { registry, namesFor } = setup({}, []);
  expect(await namesFor("score a loan application")).toEqual([]);
  registry.register(AGENTS[0] as AgentRecord);
  expect(await namesFor("score a loan application")).toEqual(["loan-scorer"]);
  registry.register(record("loan-scorer", "Waters the plants"));
  expect(await namesFor("score a loan application")).not.toContain("loan-scorer-x");
  expect(await namesFor("water plants")).toEqual(["loan-scorer"]);
  registry.remove("acme", "loan-scorer");
  expect(await namesFor("water plants")).toEqual([]);
  registry.register(record("other", "Waters the plants"));
  expect(await namesFor("water plants")).toEqual(["other"]);
});

test("I7: nobody finds an agent of another tenant, also when tenants take turns", async () => {
  const { namesFor, registry } = setup({ maxTenants: 1 });
  registry.register(record("loan-scorer", "Scores the credit risk of a loan application", { tenantId: "globex" }));
  registry.register(record("gardener", "Waters the plants", { tenantId: "globex" }));
  for (let turn = 0; turn < 3; turn += 1) {
    expect(await namesFor("water plants")).toEqual([]);
    expect(await namesFor("water plants", "globex")).toEqual(["gardener"]);
    expect(await namesFor("gardener")).toEqual([]);
    expect(await namesFor("read invoices of a supplier", "globex")).toEqual([]);
  }
});

test("a model finds by meaning alone from its threshold on; each text is embedded once", async () => {
  const { embedder, asked } = conceptEmbedder("m", [/invoice|bill/i, /truck|lorr/i]);
  const vectorIndex = createMemoryVectorIndex();
  const options = { vectorIndex, modelOf: () => ({ embedder }) };
  const { namesFor, registry, discovery } = setup(options);
  expect(await namesFor("bills")).toEqual(["invoice-reader"]);
  expect(asked).toHaveLength(4);
  expect((await discovery.find("acme", { need: "lorries" })).candidates).toEqual([
    expect.objectContaining({ why: expect.stringMatching(/^similarity 1\.00 by m/) }),
  ]);
  expect(asked).toHaveLength(5);
  registry.register(record("bill-payer", "Pays bills"));
  expect(await namesFor("bills")).toEqual(["bill-payer", "invoice-reader"]);
  expect(asked).toHaveLength(6);
  // Another process finds the vectors where they were kept.
  const later = conceptEmbedder("m", [/invoice|bill/i, /truck|lorr/i]);
  const restarted = setup({ vectorIndex, modelOf: () => ({ embedder: later.embedder }) });
  expect(await restarted.namesFor("bills")).toEqual(["invoice-reader"]);
  expect(later.asked).toEqual(["bills"]);
});

test("below its threshold a model finds nobody, and the tenant may say another", async () => {
  const { embedder } = conceptEmbedder("m", [/invoice|bill/i, /pay/i]);
  const vectorIndex = createMemoryVectorIndex();
  // Of two concepts one is met: 0.71.
  const need = "pay bills";
  expect(await setup({ vectorIndex, modelOf: () => ({ embedder }) }).namesFor(need)).toEqual([]);
  const lower = setup({ vectorIndex, modelOf: () => ({ embedder, minSimilarity: 0.7 }) });
  expect(await lower.namesFor(need)).toEqual(["invoice-reader"]);
});

test("with a model that fails agents are found by words, which is said and not kept; it is asked again after 30 s", async () => {
  const { embedder, failWith, asked } = conceptEmbedder("m", [/invoice|bill/i, /loan/i]);
  failWith(new PlatformError("UPSTREAM_FAILED", "gone"));
  const { discovery, clock, logger, namesFor } = setup({
    vectorIndex: createMemoryVectorIndex(),
    modelOf: () => ({ embedder }),
  });
  const first = await discovery.find("acme", { need: "read supplier invoices" });
  expect(first.candidates.map(({ record: { name } }) => name)).toEqual(["invoice-reader"]);
  expect(first.how).toEqual([expect.stringMatching(/^by words: m could not be asked \(gone\)/)]);
  failWith(null);
  expect(await namesFor("bills")).toEqual([]);
  expect(asked).toEqual([]);
  await clock.advance(30_000);
  expect(await namesFor("bills")).toEqual(["invoice-reader"]);
  expect(logger.records).toEqual([expect.objectContaining({ level: "warn", fields: { tenantId: "acme" } })]);
});

test("who waits for a model longer than 2 s goes on with words; the caller's own signal ends the search", async () => {
  const never: Embedder = {
    name: "slow",
    embed: (_tenantId, _texts, { signal }) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  };
  const { discovery, clock } = setup({ vectorIndex: createMemoryVectorIndex(), modelOf: () => ({ embedder: never }) });
  const slow = discovery.find("acme", { need: "read supplier invoices" });
  await clock.advance(2_000);
  expect((await slow).candidates).toHaveLength(1);
  // The model has its own 30 s, and is let be as long after it has used them up.
  await clock.advance(60_000);
  const stop = new AbortController();
  const stopped = discovery.find("acme", { need: "read supplier invoices" }, { signal: stop.signal });
  await clock.turn();
  stop.abort(new PlatformError("CANCELED", "enough"));
  await expect(stopped).rejects.toMatchObject({ code: "CANCELED" });
});

test("vectors that cannot be read cost nobody the words", async () => {
  const { namesFor, logger } = setup({ wordVectors: () => Promise.reject(new Error("bad file")) });
  expect(await namesFor("score a loan application")).toEqual(["loan-scorer"]);
  expect(logger.records).toEqual([expect.objectContaining({ message: expect.stringContaining("bad file") })]);
});
