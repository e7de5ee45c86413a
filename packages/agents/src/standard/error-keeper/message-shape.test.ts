import fc from "fast-check";
import { expect, test } from "vitest";
import { fingerprint } from "../fingerprint.ts";
import { adviceOn } from "./advice.ts";
import { messageShape } from "./message-shape.ts";

test.each([
  ['order 17 of "Ada" is gone', "order 9 of 'Bob' is gone"],
  ["GET https://a.example/x?y=1 gave 503", "GET http://b.example/ gave 502"],
  ["task 0198c7aa-1111-4222-8333-444455556666 took 3.5 ms", "task 0198c7ab-1111-4222-8333-444455556666 took 1,200 ms"],
  ["order A-7 does not answer", "order B-12 does not answer"],
  ["mail to a@b.example since 2026-01-01T10:00:00Z", "mail to c.d@e.example since 2026-02-02"],
])("%j is of the same shape as %j", (one, other) => {
  expect(messageShape(one)).toBe(messageShape(other));
});

test("what is not the same is not the same", () => {
  expect(messageShape("the stock does not answer")).not.toBe(messageShape("the till does not answer"));
  expect(fingerprint("a", "bc")).not.toBe(fingerprint("ab", "c"));
});

test("a shape is short, and has no digits left to tell two apart by", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 2000 }), (message) => {
      const shape = messageShape(message);
      expect(shape.length).toBeLessThanOrEqual(300);
      expect(fingerprint(shape)).toMatch(/^[0-9a-f]{16}$/);
    }),
  );
  const before = performance.now();
  messageShape(`${"a-".repeat(50_000)}"${"'".repeat(50_000)}`);
  expect(performance.now() - before).toBeLessThan(100);
});

test("advice goes by the table of codes, and by what whoever raised it says", () => {
  expect(adviceOn("UNAVAILABLE", true).action).toBe("retry");
  expect(adviceOn("INVALID_ARGUMENT", false).action).toBe("change");
  expect(adviceOn("INTERNAL", false).action).toBe("repair");
  expect(adviceOn("AGENT_FAILED", true)).toMatchObject({
    action: "retry",
    reason: expect.stringMatching("says that it may pass"),
  });
});
