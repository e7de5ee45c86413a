import { expect, test } from "vitest";
import { PendingAnswers, SMALLEST_COUNTED } from "./pending-answers.ts";

const ANN = { tenantId: "t", caller: "ann" };
const BOB = { tenantId: "t", caller: "bob" };
const KB = 1024;
const create = () => new PendingAnswers({ max: 150 * KB, maxPerCaller: 100 * KB });
const refusal = expect.objectContaining({ code: "OVERLOADED", retryAfterMs: 1000 });

test("a caller is refused beyond its own bound and others are not; what was taken makes room, once", () => {
  const answers = create();
  const release = answers.hold(ANN, 60 * KB);
  expect(() => answers.hold(ANN, 60 * KB)).toThrow(refusal);
  // The same name in another tenant is somebody else.
  answers.hold({ ...ANN, tenantId: "u" }, 60 * KB)();
  answers.hold(BOB, 60 * KB);
  expect(answers.bytes).toBe(120 * KB);
  release();
  release();
  expect(answers.bytes).toBe(60 * KB);
  answers.hold(ANN, 60 * KB);
});

test("all callers together are refused beyond the node's bound", () => {
  const answers = create();
  for (const caller of ["a", "b"]) answers.hold({ tenantId: "t", caller }, 70 * KB);
  expect(() => answers.hold(BOB, 20 * KB)).toThrow(
    expect.objectContaining({ message: expect.stringContaining("this node") }),
  );
});

test("small answers are never refused, and one beside which nothing is pending neither, however large", () => {
  const answers = create();
  const release = answers.hold(ANN, 500 * KB);
  expect(answers.bytes).toBe(500 * KB);
  answers.hold(ANN, SMALLEST_COUNTED - 1);
  expect(() => answers.hold(BOB, SMALLEST_COUNTED)).toThrow(refusal);
  release();
  expect(answers.bytes).toBe(0);
});

test("what was made already is counted beyond the bounds, and callers who wait for room are rung in turn as it comes", () => {
  const answers = create();
  const releases = [ANN, ANN, BOB].map((scope) => answers.count(scope, 60 * KB));
  expect([answers.beginRead(ANN), answers.beginRead({ tenantId: "t", caller: "eve" })]).toEqual([false, false]);
  const rung: string[] = [];
  const wait = (caller: string, name: string) => answers.whenRoom({ tenantId: "t", caller }, () => rung.push(name));
  for (const name of ["ann 1", "ann 2", "ann 3"]) wait("ann", name);
  for (const name of ["bob 1", "bob 2"]) wait("bob", name);
  wait("ann", "gone")?.();
  releases[2]?.();
  expect(rung).toEqual(["bob 1"]);
  releases[0]?.();
  expect(rung).toEqual(["bob 1", "ann 1"]);
  for (let more = 0; more < 5; more += 1) answers.passOn();
  expect(rung).toEqual(["bob 1", "ann 1", "bob 2", "ann 2", "ann 3"]);
  expect(wait("ann", "at once")).toBe(null);
  expect(rung.at(-1)).toBe("at once");
});

test("no more than sixteen read at once what is not counted yet, and the next begins when one has ended", () => {
  const answers = create();
  const begun = () => answers.beginRead(ANN);
  expect(Array.from({ length: 17 }, begun).filter(Boolean)).toHaveLength(16);
  let rung = 0;
  for (let index = 0; index < 2; index += 1) answers.whenRoom(BOB, () => (rung += 1));
  expect(rung).toBe(0);
  const release = answers.count(ANN, 200 * KB);
  answers.endRead();
  expect(rung).toBe(0);
  release();
  expect([rung, answers.beginRead(BOB), begun()]).toEqual([1, true, false]);
  answers.endRead();
  expect(rung).toBe(2);
});
