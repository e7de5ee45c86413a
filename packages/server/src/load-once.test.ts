import { expect, test } from "vitest";
import { loadOnce } from "./load-once.ts";

test("what was loaded is kept, and loaded when first asked for", async () => {
  let loads = 0;
  const get = loadOnce(async () => ++loads);
  expect([loads, get.current()]).toEqual([0, null]);
  expect(await Promise.all([get(), get()])).toEqual([1, 1]);
  expect([await get(), await get.current()]).toEqual([1, 1]);
});

test("a failure is told to all who wait and to nobody after: it is tried again", async () => {
  let loads = 0;
  const get = loadOnce(async () => {
    loads += 1;
    if (loads === 1) throw new Error("too many open files");
    return loads;
  });
  expect(await Promise.allSettled([get(), get()])).toMatchObject([{ status: "rejected" }, { status: "rejected" }]);
  expect(get.current()).toBe(null);
  expect(await get()).toBe(2);
});
