import type { ScheduleSpec } from "@agentcore/contract";
import fc from "fast-check";
import { expect, test } from "vitest";
import { lastWithin, openOccurrences } from "./occurrences.ts";

const target = { agent: "a" };
const at = (text: string): number => Date.parse(text);

const times = async (spec: Omit<ScheduleSpec, "target">, after: string, count = 4): Promise<readonly string[]> => {
  const { next } = await openOccurrences({ target, ...spec });
  const found: string[] = [];
  for (let time = next(at(after)); time !== null && found.length < count; time = next(time))
    found.push(new Date(time).toISOString().replace(":00.000Z", "Z"));
  return found;
};

const berlin = { timeZone: "Europe/Berlin" };

test.for([
  [
    "five fields, in UTC",
    { cron: "30 9 * * MON-FRI" },
    "2026-01-02T10:00Z",
    ["2026-01-05T09:30Z", "2026-01-06T09:30Z"],
  ],
  [
    "six fields begin with seconds",
    { cron: "*/20 0 0 1 1 *" },
    "2026-01-01T00:00Z",
    ["2026-01-01T00:00:20.000Z", "2026-01-01T00:00:40.000Z"],
  ],
  ["a zone", { cron: "0 9 * * *", ...berlin }, "2026-03-28T00:00Z", ["2026-03-28T08:00Z", "2026-03-29T07:00Z"]],
  [
    "a time that daylight saving leaves out comes an hour later",
    { cron: "30 2 * * *", ...berlin },
    "2026-03-28T12:00Z",
    ["2026-03-29T01:00Z", "2026-03-30T00:30Z"],
  ],
  [
    "a time that it brings twice comes once",
    { cron: "30 2 * * *", ...berlin },
    "2026-10-24T12:00Z",
    ["2026-10-25T00:30Z", "2026-10-26T01:30Z"],
  ],
  [
    "every hour is every hour, also of those",
    { cron: "30 * * * *", ...berlin },
    "2026-10-24T23:45Z",
    ["2026-10-25T00:30Z", "2026-10-25T01:30Z"],
  ],
  ["an interval, from 1970 on", { every: "15m" }, "2026-01-01T00:01Z", ["2026-01-01T00:15Z", "2026-01-01T00:30Z"]],
  [
    "an interval from a time of one's own",
    { every: "1d", startsAt: "2026-01-03T07:30:00+01:00" },
    "2026-01-01T00:00Z",
    ["2026-01-03T06:30Z", "2026-01-04T06:30Z"],
  ],
  [
    "the first is not before it starts",
    { cron: "0 0 * * *", startsAt: "2026-01-03T00:00:00Z" },
    "2026-01-01T00:00Z",
    ["2026-01-03T00:00Z", "2026-01-04T00:00Z"],
  ],
  [
    "none after it ends",
    { cron: "0 0 * * *", endsAt: "2026-01-03T00:00:00Z" },
    "2026-01-01T12:00Z",
    ["2026-01-02T00:00Z", "2026-01-03T00:00Z"],
  ],
] as const)("%s", async ([, spec, after, expected]) => {
  const found = await times(spec, after, spec === undefined ? 0 : 10);
  expect(found.slice(0, 2)).toEqual(expected);
  if ("endsAt" in spec) expect(found).toHaveLength(2);
});

test.for([
  [{ cron: "61 * * * *" }, "spec.cron"],
  [{ cron: "* * * * FOO" }, "spec.cron"],
  [{ cron: "0 0 * * *", timeZone: "Mars/Olympus" }, "spec.timeZone"],
] as const)("what is none is refused with its place: %j", async ([spec, field]) => {
  const refused = { code: "INVALID_ARGUMENT", violations: [{ field, description: expect.any(String) }] };
  await expect(openOccurrences({ target, ...spec })).rejects.toMatchObject(refused);
});

test("the last one is found without counting all before it", async () => {
  const second = await openOccurrences({ target, cron: "* * * * * *" });
  let looks = 0;
  const counted = { next: (after: number) => (looks++, second.next(after)) };
  expect(lastWithin(counted, at("2020-01-01T00:00Z"), at("2026-01-01T00:00Z") + 999)).toBe(at("2026-01-01T00:00Z"));
  expect(looks).toBeLessThan(60);
  expect(lastWithin(second, at("2026-01-01T00:00Z"), at("2026-01-01T00:00Z") + 500)).toBeNull();
});

test("it is the same as the last of all that are counted", async () => {
  const patterns = ["*/7 * * * *", "30 2 * * *", "0 9 * * 1", "15,45 8-10 * * *", "0 0 1 * *"];
  const zones = ["UTC", "Europe/Berlin", "America/St_Johns"];
  const start = at("2026-03-01T00:00Z");
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...patterns),
      fc.constantFrom(...zones),
      fc.integer({ min: 0, max: 40 * 86_400_000 }),
      fc.integer({ min: 0, max: 86_400_000 }),
      async (cron, timeZone, offset, span) => {
        const occurrences = await openOccurrences({ target, cron, timeZone });
        const [after, until] = [start + offset, start + offset + span];
        let last: number | null = null;
        for (let time = occurrences.next(after); time !== null && time <= until; time = occurrences.next(time))
          last = time;
        expect(lastWithin(occurrences, after, until)).toBe(last);
      },
    ),
    { numRuns: 60, seed: 3 },
  );
});
