import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createSalesFile } from "./create-sales-file.ts";
import { generateSales, snapshotFirstDay, snapshotLastDay } from "./generate-sales.ts";

test("the seed is the same on every run and every machine", () => {
  const hash = (): string => createHash("sha256").update(JSON.stringify(generateSales())).digest("hex");
  expect(hash()).toBe(hash());
  // Recorded once; it changes only when the data is meant to change, and with it the figures of the README.
  expect(hash().slice(0, 16)).toBe("2950484dcf26b13f");
});

test("the seed covers two and a half years with 5,000 orders, and every customer has ordered", () => {
  const { orders, orderLines, customers } = generateSales();
  expect(orders).toHaveLength(5_000);
  expect(orders[0]?.orderedOn).toBe(snapshotFirstDay);
  expect(orders.at(-1)?.orderedOn).toBe(snapshotLastDay);
  expect(new Set(orders.map(({ customerId }) => customerId)).size).toBe(customers.length);
  expect(new Set(orderLines.map(({ orderId }) => orderId)).size).toBe(orders.length);
});

test("the file is created once, whole, and left alone afterwards", () => {
  const folder = mkdtempSync(join(tmpdir(), "sales-"));
  try {
    const path = join(folder, "data", "sales.sqlite");
    createSalesFile(path);
    const before = statSync(path).mtimeMs;
    createSalesFile(path);
    expect(statSync(path).mtimeMs).toBe(before);
    expect(readdirSync(join(folder, "data"))).toEqual(["sales.sqlite"]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
