/** The cache of model answers on two nodes of one database: asked at once over both, each question is asked of the model once. */
import { createHash } from "node:crypto";
import { ModelCache } from "@agentcore/core/caching";
import { expect, onTestFinished } from "vitest";
import { clock } from "../test/engine-nodes.ts";
import { newSchema, test, url } from "../test/schema.ts";
import { openPostgres } from "./index.ts";

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const digest = { sha256, hmacSha256: (key: string, text: string) => sha256(key + text) };

test("what both nodes are asked at once is asked of the model once, and both give the same answer", async () => {
  const { schema, drop } = newSchema();
  onTestFinished(drop);
  const nodes = await Promise.all(
    ["a", "b"].map(async (node) => {
      const stores = await openPostgres({ url, node, schema, maxConnections: 4 });
      const { keyValue } = stores;
      const logger = { log: () => undefined };
      const cache = new ModelCache({ keyValue, clock, digest, logger, acrossNodes: true });
      onTestFinished(async () => {
        await cache.close();
        await stores.close();
      });
      return cache;
    }),
  );
  const asked = new Map<string, number>();
  const tenants = ["one", "two"];
  const calls = Array.from({ length: 400 }, async (_, place) => {
    const tenantId = tenants[place % 2] ?? "";
    const content = `What is ${Math.floor(place / 4) % 10}?`;
    const outcome = await nodes[Math.floor(place / 2) % 2]?.answer(
      {
        ...{ tenantId, model: "stub/model", settings: {}, signal: new AbortController().signal },
        request: { messages: [{ role: "user", content }] },
      },
      async () => {
        const name = `${tenantId}: ${content}`;
        asked.set(name, (asked.get(name) ?? 0) + 1);
        await clock.turn();
        const usage = { inputTokens: 1, outputTokens: 1 };
        return { response: { text: `${name} ${asked.get(name)}`, toolCalls: [], finishReason: "stop", usage } };
      },
    );
    expect(outcome?.response.text).toBe(`${tenantId}: ${content} 1`);
  });
  await Promise.all(calls);
  expect([...asked.values()]).toEqual(Array.from({ length: 20 }, () => 1));
});
