/** Limits a minute of several nodes on one database. */
import { RateLimiter } from "@agentcore/core/governance";
import { beforeEach, expect, onTestFinished } from "vitest";
import { newSchema, test, url } from "../test/schema.ts";
import { openPostgres } from "./index.ts";

const scope = { tenantId: "acme", key: "model/desk" };
let schema: ReturnType<typeof newSchema>;
beforeEach(() => {
  schema = newSchema();
  onTestFinished(schema.drop);
});

let now = 1_750_000_000_000;
const clock = { now: () => now };

const startNodes = (count: number): Promise<readonly RateLimiter[]> =>
  Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const stores = await openPostgres({ url, node: `n${index}`, schema: schema.schema, maxConnections: 4, clock });
      onTestFinished(() => stores.close());
      return new RateLimiter({ keyValue: stores.keyValue, clock });
    }),
  );

test("whatever nodes take at once, all together get as much as the limit says, and again after a minute", async () => {
  const nodes = await startNodes(3);
  const limits = { requestsPerMinute: 100, tokensPerMinute: 5_000 };
  const take = async (count: number): Promise<number> => {
    const verdicts = await Promise.all(
      Array.from({ length: count }, (_, index) =>
        (nodes[index % nodes.length] as RateLimiter).take(scope, { requests: 1, tokens: 60 }, limits),
      ),
    );
    return verdicts.filter(({ granted }) => granted).length;
  };
  // 83 of 60 tokens are the last that fit into 5,000.
  expect(await take(300)).toBe(83);
  now += 60_000;
  expect(await take(30)).toBe(0);
  now += 10_000;
  expect(await take(300)).toBe(83);
});

test("calls that come one after another on several nodes get no more, while each gives back what it did not use", async () => {
  const nodes = await startNodes(2);
  const limits = { tokensPerMinute: 1_000 };
  const used = await Promise.all(
    nodes.map(async (node) => {
      let sum = 0;
      for (let call = 0; call < 60; call += 1) {
        const verdict = await node.take(scope, { requests: 1, tokens: 100 }, limits);
        if (!verdict.granted) continue;
        sum += 10;
        node.adjust(verdict.grant, { requests: 1, tokens: 10 });
      }
      return sum;
    }),
  );
  const total = used.reduce((sum, each) => sum + each, 0);
  expect(total).toBeLessThanOrEqual(1_000);
  // What was given back was there for the others: as it was taken, ten calls would have been all.
  expect(total).toBeGreaterThan(500);
});
