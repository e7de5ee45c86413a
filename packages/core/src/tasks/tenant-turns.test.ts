import { expect, test } from "vitest";
import { TenantTurns } from "./tenant-turns.ts";

/** Work that ends when it is told to, in the order in which it began. */
const createWork = () => {
  const begun: { readonly name: string; readonly end: () => void }[] = [];
  const work = (name: string) => () =>
    new Promise<void>((resolve) => {
      begun.push({ name, end: resolve });
    });
  return { begun, work, names: () => begun.map(({ name }) => name) };
};

const settle = () => new Promise((resolve) => setImmediate(resolve));

test("no more goes on at once than there are places, and tenants take turns, however many wait of one", async () => {
  const turns = new TenantTurns({ what: "others", places: 1, maxWaiting: 9 });
  const { begun, work, names } = createWork();
  const all = ["a", "a", "a", "a", "b"].map((tenant, index) => turns.run(tenant, work(`${tenant}${index}`)));
  for (const [index, expected] of ["a0", "a1", "b4", "a2", "a3"].entries()) {
    await settle();
    expect(names()).toHaveLength(index + 1);
    expect(names().at(-1)).toBe(expected);
    begun[index]?.end();
  }
  await Promise.all(all);
  expect(await turns.run("a", async () => "free again")).toBe("free again");
});

test("a place is free again after work that failed", async () => {
  const turns = new TenantTurns({ what: "others", places: 1, maxWaiting: 9 });
  await expect(turns.run("a", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await turns.run("a", async () => 1)).toBe(1);
});

test("one more than may wait of a tenant is refused; another tenant still waits", async () => {
  const turns = new TenantTurns({ what: "others", places: 1, maxWaiting: 1 });
  const { begun, work, names } = createWork();
  const [first, second] = [turns.run("a", work("first")), turns.run("a", work("second"))];
  await expect(turns.run("a", work("third"))).rejects.toMatchObject({ code: "OVERLOADED", retryable: true });
  const other = turns.run("b", work("other"));
  for (const index of [0, 1, 2]) {
    await settle();
    begun[index]?.end();
  }
  await Promise.all([first, second, other]);
  expect(names()).toEqual(["first", "second", "other"]);
});
