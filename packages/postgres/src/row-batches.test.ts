import type { StoreRow } from "@agentcore/core/ports";
import type { ClientBase } from "pg";
import { expect, test } from "vitest";
import { RowBatches } from "./row-batches.ts";

const MIB = 1024 * 1024;

test("rows of every kind go in statements that are bounded by what they carry", async () => {
  const lengths: number[] = [];
  const client = {
    query: async (_: string, [rows = "[]"]: readonly string[] = []) => {
      lengths.push(rows.length);
      return { rowCount: (JSON.parse(rows) as unknown[]).length };
    },
  } as unknown as ClientBase;
  const batches = new RowBatches(client);
  const of = { tenantId: "acme", taskId: "t" };
  const payload = JSON.stringify("x".repeat(3 * MIB));
  for (let index = 0; index < 5; index++) {
    const key = `${index}`;
    const rows: readonly StoreRow[] = [
      { kind: "mail", ...of, key, mail: "message", payload, insertedAt: 0, consumed: false },
      { kind: "outgoing", tenantId: "acme", id: key, message: "event", payload },
    ];
    for (const row of rows) await batches.add(row);
  }
  for (let seq = 0; seq < 5; seq++) {
    // The second alone is as much as fits.
    const data = seq === 1 ? payload : JSON.stringify("x".repeat(2 * MIB));
    await batches.add({ kind: "event", ...of, seq, type: "step.completed", at: 0, data });
  }
  for (let index = 0; index < 5; index++)
    await batches.add({
      kind: "mail",
      ...of,
      key: `${index}`,
      mail: "message",
      payload,
      insertedAt: 0,
      consumed: false,
    });
  await batches.end();
  expect(lengths.length).toBeGreaterThan(10);
  expect(Math.max(...lengths)).toBeLessThan(4.5 * MIB);
});
