import { expect, test } from "vitest";
import { singleFlight } from "./single-flight.ts";

test("what is asked for while it runs makes it run once more, never twice at a time", async () => {
  const open: (() => void)[] = [];
  const run = singleFlight(() => new Promise((resolve) => void open.push(resolve)));
  const first = run();
  const [second, third] = [run(), run()];
  expect(open).toHaveLength(1);
  open[0]?.();
  await new Promise((resolve) => setImmediate(resolve));
  expect(open).toHaveLength(2);
  open[1]?.();
  await Promise.all([first, second, third]);
  expect(open).toHaveLength(2);
});

test("after a failure, which all who wait are told of, it runs again", async () => {
  let runs = 0;
  const run = singleFlight(async () => {
    runs += 1;
    if (runs === 1) throw new Error("once");
  });
  await expect(Promise.allSettled([run(), run()])).resolves.toMatchObject([
    { status: "rejected" },
    { status: "rejected" },
  ]);
  await run();
  expect(runs).toBe(2);
});
