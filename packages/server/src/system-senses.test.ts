import { expect, it } from "vitest";
import { createIds } from "./system-senses.ts";

it("makes UUIDs of version 7, in order and each once, with the time they were made at", () => {
  const ids = createIds();
  const before = Date.now();
  const made = Array.from({ length: 20_000 }, () => ids.next());
  for (const id of made) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(made).toEqual([...new Set(made)].sort());
  const [first = ""] = made;
  const at = Number.parseInt(first.slice(0, 8) + first.slice(9, 13), 16);
  expect(at).toBeGreaterThanOrEqual(before);
  expect(at).toBeLessThanOrEqual(Date.now());
});
