import { expect, test } from "vitest";
import { ManualClock } from "../testing/index.ts";
import { SharedDelay } from "./shared-delay.ts";

const world = () => {
  const clock = new ManualClock();
  const delay = new SharedDelay(1000, clock);
  const called: string[] = [];
  const named = (name: string, then: () => void = () => {}) => ({
    due: () => {
      called.push(`${name} at ${clock.monotonic() - startedAt}`);
      then();
    },
  });
  const startedAt = clock.monotonic();
  return { clock, delay, called, named };
};

test("each is called once, a delay after it began, whatever began beside it", async () => {
  const { clock, delay, called, named } = world();
  delay.begin(named("first"));
  await clock.advance(400);
  delay.begin(named("second"));
  await clock.advance(599);
  expect(called).toEqual([]);
  await clock.advance(5000);
  expect(called).toEqual(["first at 1000", "second at 1400"]);
  expect(delay.size).toBe(0);
});

test("one that begins again waits from then on, also from its own call", async () => {
  const { clock, delay, called, named } = world();
  const beat = named("beat", () => called.length < 3 && delay.begin(beat));
  delay.begin(beat);
  await clock.advance(900);
  delay.begin(beat);
  await clock.advance(10_000);
  expect(called).toEqual(["beat at 1900", "beat at 2900", "beat at 3900"]);
});

test("whoever cancels is not called, and the last one takes the timer along", async () => {
  const { clock, delay, called, named } = world();
  const [one, other] = [named("one"), named("other")];
  delay.begin(one);
  delay.begin(other);
  delay.cancel(one);
  delay.cancel(one);
  await clock.advance(500);
  delay.cancel(other);
  expect(clock.nextTimerAt()).toBe(null);
  delay.begin(one);
  await clock.advance(1000);
  expect(called).toEqual(["one at 1500"]);
});
