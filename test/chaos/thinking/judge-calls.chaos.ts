import { expect, test } from "vitest";
import { answerMark, judgeCalls, type Reached } from "./judge-calls.ts";

const call = (life: number, mark: string, more: Partial<Reached> = {}): Reached => ({
  ...{ kind: "model", life, mark, job: "job-0", text: `asks ${mark}`, isAnswered: true },
  ...more,
});
const send = (life: number, more: Partial<Reached> = {}): Reached =>
  call(life, "s", { kind: "tool", tool: "send", key: "k", ...more });
const faultsOf = (reached: readonly Reached[], ...durable: string[]) => judgeCalls(reached, durable).faults.join("\n");
const answerOf = (mark: string): string => answerMark({ kind: "model", mark });

test("what was in flight may be sent again by the next life, and is counted", () => {
  expect(judgeCalls([call(0, "a"), call(1, "a"), call(1, "b")], ["", ""])).toEqual({
    faults: [],
    repeated: { model: 1, tool: 0 },
  });
});

test("an answer in the log, or one that was built upon, must not be asked for again", () => {
  expect(faultsOf([call(0, "a"), call(1, "a")], answerOf("a"))).toMatch(/answer was in the log/);
  expect(faultsOf([call(0, "a"), call(0, "b", { text: answerOf("a") }), call(1, "a")], "")).toMatch(/built upon/);
  // By the life that asks again itself: its answer came late enough for that.
  expect(faultsOf([call(0, "a"), call(1, "a"), call(1, "b", { text: answerOf("a") })], "")).toBe("");
});

test("one life asks once, and effects keep their key", () => {
  expect(faultsOf([call(0, "a"), call(0, "a")])).toMatch(/twice by one life/);
  const reserve = { kind: "tool", tool: "reserve", key: "k" } as const;
  expect(faultsOf([call(0, "a", reserve), call(1, "a", reserve)], "")).toBe("");
  expect(faultsOf([call(0, "a", reserve), call(1, "a", { ...reserve, key: "other" })], "")).toMatch(/another key/);
});

test("what is not idempotent acts once, whatever became of it", () => {
  expect(faultsOf([send(0, { isAnswered: false }), send(1)], "")).toMatch(/acted twice/);
});
