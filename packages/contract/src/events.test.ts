import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { z } from "zod";
import { isTerminal, STEP_KINDS, TASK_STATES, TaskEvent } from "./events.ts";

/** Type to members of `data`, optional ones with a question mark, as the schema has them. */
const inSchema = Object.fromEntries(
  TaskEvent.options.map((option) => {
    const { type, data } = option.shape;
    const members = Object.entries<z.ZodType>(data.shape).map(([name, member]) =>
      member.safeParse(undefined).success ? `${name}?` : name,
    );
    return [type.value, new Set(members)];
  }),
);

const page = readFileSync(new URL("../../../docs/events.md", import.meta.url), "utf8");

test("docs/events.md has one row per event type, with exactly the members of its data", () => {
  const rows = [...page.matchAll(/^\| `([a-z]+\.[a-zA-Z]+)` \| (.+?) \| (.+) \|$/gm)];
  const documented = rows.map(([, type, members = ""]) => [
    type,
    new Set([...members.matchAll(/`([^`]+)`/g)].map(([, name]) => name)),
  ]);
  expect(Object.fromEntries(documented)).toEqual(inSchema);
  expect(rows.map(([, type]) => type)).toEqual(Object.keys(inSchema));
  expect(rows.filter(([, , , meaning = ""]) => meaning.length < 10)).toEqual([]);
});

test("docs/events.md names every kind of call and every state", () => {
  const words = new Set(page.match(/[\w-]+/g));
  expect([...STEP_KINDS, ...TASK_STATES].filter((word) => !words.has(word))).toEqual([]);
});

test("event types are a noun and a verb in the past, or what is wanted of somebody", () => {
  for (const type of Object.keys(inSchema)) expect(type).toMatch(/^[a-z]+\.[a-z]+([A-Z][a-z]+)?$/);
});

test("an event of an unknown type is refused", () => {
  expect(TaskEvent.safeParse({ seq: 1, at: 0, type: "task.exploded", data: {} }).success).toBe(false);
});

test("numbers begin at 1 and are whole", () => {
  const started = { at: 0, type: "task.started", data: {} };
  expect(TaskEvent.safeParse({ ...started, seq: 1 }).success).toBe(true);
  for (const seq of [0, -1, 1.5, "1"]) expect(TaskEvent.safeParse({ ...started, seq }).success).toBe(false);
});

test("an error code of a newer version is read as INTERNAL, so that its log stays readable", () => {
  const event = TaskEvent.parse({
    seq: 3,
    at: 0,
    type: "task.failed",
    data: { error: { code: "OF_THE_FUTURE", message: "?" } },
  });
  expect(event).toMatchObject({ data: { error: { code: "INTERNAL", message: "?" } } });
});

test("four states are terminal; parked is not, because it can go on", () => {
  expect(TASK_STATES.filter(isTerminal)).toEqual(["completed", "failed", "canceled", "rejected"]);
});
