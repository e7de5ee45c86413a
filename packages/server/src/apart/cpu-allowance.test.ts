import { expect, test } from "vitest";
import { createCpuAllowance } from "./cpu-allowance.ts";

test("what runs alone has its share, whatever was used or left over before it began", () => {
  const allowance = createCpuAllowance(100);
  expect([allowance.isExceeded(100), allowance.isExceeded(101)]).toEqual([false, true]);
  for (const usedMs of [50, 60, 155]) {
    allowance.begin(1, usedMs);
    expect([allowance.isExceeded(usedMs + 100), allowance.isExceeded(usedMs + 101)]).toEqual([false, true]);
  }
});

test("runs at the same time have their shares together, and one that joins brings no more than its own", () => {
  const allowance = createCpuAllowance(100);
  allowance.begin(1, 0);
  allowance.begin(2, 90);
  expect([allowance.isExceeded(200), allowance.isExceeded(201)]).toEqual([false, true]);
  for (let joins = 0; joins < 10; joins++) allowance.begin(2, 190);
  expect(allowance.isExceeded(391)).toBe(true);
});
