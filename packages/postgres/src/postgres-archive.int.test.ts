import type pg from "pg";
import { expect, onTestFinished } from "vitest";
import { newSchema, test, url } from "../test/schema.ts";
import { Database } from "./database.ts";
import { openPostgres } from "./index.ts";
import { PostgresArchive } from "./postgres-archive.ts";

test("no answer of the database holds more than a large payload, however many there are", async () => {
  const { schema, drop } = newSchema();
  onTestFinished(drop);
  const stores = await openPostgres({ url, node: "n1", schema, maxConnections: 4 });
  onTestFinished(() => stores.close());
  const text = "x".repeat(1_000_000);
  for (let index = 0; index < 12; index++) {
    const taskId = `t${index}`;
    await stores.tasks.commit([
      {
        tenantId: "acme",
        create: [
          {
            ...{ taskId, agent: "a", revision: "1", contextId: "c", caller: "ann", priority: "normal" },
            ...{ deadline: null, parent: null, dueAt: 1, createdAt: 1 },
            events: [{ type: "log.compacted", at: 1, data: text }],
          },
        ],
        mail: [{ taskId, key: "m", kind: "message", payload: text, ifTerminal: "refuse" }],
        outbox: [{ id: taskId, kind: "event", payload: text }],
      },
    ]);
    await stores.keyValue.put({ tenantId: "acme", namespace: "n" }, taskId, text);
  }
  const database = new Database({
    url,
    schema,
    maxConnections: 1,
    statementTimeoutMs: 10_000,
    idleInTransactionMs: 10_000,
  });
  onTestFinished(() => database.close());
  const answers: number[] = [];
  const watched = {
    connect: async () => {
      const client = await database.connect();
      const query = async (asked: string | pg.QueryConfig, values?: unknown[]) => {
        const answer = await client.query(asked, values);
        // Of several statements in one there are several answers, none with rows here.
        answers.push(JSON.stringify(answer.rows ?? []).length);
        return answer;
      };
      return { query, release: (broken: boolean) => client.release(broken) };
    },
  } as unknown as Database;
  let payloads = 0;
  for await (const page of new PostgresArchive(watched).pages())
    for (const row of page) if (JSON.stringify(row).includes(text)) payloads += 1;
  expect(payloads).toBe(48);
  expect(Math.max(...answers)).toBeLessThan(1_100_000);
});
