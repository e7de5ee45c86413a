import { expect, test } from "vitest";
import { openExchange } from "./references.ts";
import { decode } from "./value-codec.ts";

test("code that names signals without end is refused more of them than a run may have, and keeps those that it has", () => {
  const exchange = openExchange({ invoke: () => {}, aborted: () => {}, maxSignals: 3 });
  const signal = (id: number) => decode({ $apart: "signal", id }, exchange) as AbortSignal;
  const first = signal(1);
  for (const id of [2, 3, 1, 2, 3]) expect(signal(id).aborted).toBe(false);
  expect(() => signal(4)).toThrow("more than 3 signals");
  exchange.abort(1, "enough");
  expect([signal(1), first.aborted]).toEqual([first, true]);
});
