/** What agents remember, on two nodes of one database: what one has confirmed the other finds, and nothing is lost or doubled between them. */
import { createHash } from "node:crypto";
import { LongTermMemory, poolOf } from "@agentcore/core/memory";
import type { Embedder } from "@agentcore/core/ports";
import { expect, onTestFinished } from "vitest";
import { clock } from "../test/engine-nodes.ts";
import { newSchema, test, url } from "../test/schema.ts";
import { openPostgres } from "./index.ts";

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const digest = { sha256 };
const signal = new AbortController().signal;
const POOL = poolOf("agent:clerk");
const embedder: Embedder = {
  name: "test/letters",
  embed: async (_tenantId, texts) =>
    texts.map((text) => Array.from({ length: 26 }, (_, letter) => text.split(String.fromCharCode(97 + letter)).length)),
};

const openNodes = async () => {
  const { schema, drop } = newSchema();
  onTestFinished(drop);
  let ids = 0;
  return Promise.all(
    ["a", "b"].map(async (node) => {
      const stores = await openPostgres({ url, node, schema, maxConnections: 4 });
      const { keyValue, vectors } = stores;
      const logger = { log: () => undefined };
      const memory = new LongTermMemory({
        ...{ keyValue, vectorIndex: vectors, clock, digest, logger, sealsVectors: false, acrossNodes: true },
        ids: { next: () => `${node}${++ids}` },
        declared: async () => null,
        embedderOf: async () => embedder,
      });
      onTestFinished(async () => {
        await memory.close();
        await stores.close();
      });
      return { memory, vectors };
    }),
  );
};

const remember = (memory: LongTermMemory, tenantId: string, text: string) =>
  memory.remember(
    tenantId,
    POOL,
    { text, document: "d" },
    {
      ...{ id: sha256(text).slice(0, 32), taskId: "t", path: "p" },
      ...{ contextId: "c", caller: "ann", writtenBy: "agent:clerk" },
    },
    signal,
  );

test("nodes that remember and forget at once lose nothing, double nothing, and agree", async () => {
  const [a, b] = await openNodes();
  if (a === undefined || b === undefined) throw new Error("expected two nodes");
  // Each call on both nodes, as when a task's step runs again elsewhere.
  await Promise.all(
    Array.from({ length: 120 }, (_, place) =>
      [a, b].map(({ memory }) => remember(memory, place % 2 === 0 ? "one" : "two", `tea number ${place}`)),
    ).flat(),
  );
  for (const { memory } of [a, b])
    for (const tenantId of ["one", "two"]) expect(await memory.status(tenantId, POOL)).toMatchObject({ entries: 60 });
  const { memories } = await b.memory.recall("one", POOL, { query: "number 7", limit: 50 }, signal);
  expect(memories.every(({ text }) => Number(text.slice(11)) % 2 === 0)).toBe(true);
  const [gone, late] = await Promise.all([
    a.memory.forgetEverywhere("one", { which: { document: "d" } }),
    remember(b.memory, "two", "tea after all"),
  ]);
  expect([gone.count, late.kept]).toEqual([60, true]);
  expect((await b.memory.recall("one", POOL, { query: "tea" }, signal)).memories).toEqual([]);
  expect(await remember(b.memory, "one", "tea number 0")).toMatchObject({ kept: false });
  expect(await a.memory.status("two", POOL)).toMatchObject({ entries: 61 });
  await a.memory.sweep("one", signal);
  expect(await b.memory.status("one", POOL)).toMatchObject({ entries: 0 });
});
