import { expect, it } from "vitest";
import { createIds, createJsonLogger, createSystemSenses } from "./system-senses.ts";

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

it("makes secrets of 256 bits, each once, and HMAC-SHA256 as RFC 4231 has it", () => {
  const { ids, digest } = createSystemSenses(createJsonLogger("error"));
  const secrets = Array.from({ length: 100 }, () => ids.secret());
  for (const secret of secrets) expect(secret).toMatch(/^[0-9a-f]{64}$/);
  expect(new Set(secrets).size).toBe(100);
  // Test case 2.
  expect(digest.hmacSha256("Jefe", "what do ya want for nothing?")).toBe(
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
  );
});

it("digests text that grows as it digests the whole, and a digest stays what it is when more is added", () => {
  const { digest } = createSystemSenses(createJsonLogger("error"));
  const begun = digest.begin().add("some «text», ");
  const grown = begun.add("and more 🙂");
  expect(grown.hex()).toBe(digest.sha256("some «text», and more 🙂"));
  expect(begun.hex()).toBe(digest.sha256("some «text», "));
  expect(begun.add("other").hex()).toBe(digest.sha256("some «text», other"));
  expect(digest.begin().hex()).toBe(digest.sha256(""));
});
