import { TaskEvent } from "@agentcore/contract";
import { expect, test } from "vitest";
import { statusTimeOf } from "../ports/index.ts";
import { changeOf, TaskView, typesUnseen, type ViewOptions, viewTask } from "./view.ts";

const added = (artifactId: string, text: string, append = false) => ({
  type: "artifact.appended",
  data: { path: "a", kind: "artifact", artifact: { artifactId, parts: [{ text }] }, append, lastChunk: false },
});

test("an artifact with the id of an earlier one takes its place, or adds to it", () => {
  const events = [added("a", "one"), added("b", "other"), added("a", "two"), added("a", "three", true)];
  const task = viewTask(
    "t",
    events.map((event, index) => ({ ...event, seq: index + 1, at: 1 }) as TaskEvent),
  );
  expect(task.artifacts).toEqual([
    { artifactId: "a", parts: [{ text: "two" }, { text: "three" }] },
    { artifactId: "b", parts: [{ text: "other" }] },
  ]);
});

const said = (text: string) => ({
  type: "message.added",
  data: { message: { messageId: text.slice(0, 2), role: "ROLE_USER", parts: [{ text }] } },
});

const viewWith = (options: ViewOptions, ...events: readonly object[]): TaskView => {
  const view = new TaskView("t", "c", options);
  for (const [index, event] of events.entries()) view.apply({ ...event, seq: index + 1, at: 1 } as TaskEvent);
  return view;
};
const idsOf = (view: TaskView) => view.snapshot().history?.map(({ messageId }) => messageId);

test("stores know which events make a status: those that give a reader a new one", () => {
  const data = {
    ...{ contextId: "c", prompt: [], artifact: { artifactId: "a", parts: [] }, append: false, output: 1, message: "m" },
    ...{ error: { code: "AGENT_FAILED", message: "no" } },
  };
  const types = TaskEvent.options.map(({ shape }) => shape.type.value);
  expect(types).toContain("task.progressed");
  for (const type of types) {
    if (type === "log.compacted") continue;
    const change = changeOf({ type, seq: 1, at: 7, data } as unknown as TaskEvent, { taskId: "t", contextId: "c" });
    expect([type, statusTimeOf([{ type, at: 7 }], "working")]).toEqual([
      type,
      change.status === undefined ? undefined : 7,
    ]);
  }
});

test("a view without the events that it shows nothing of is the same", () => {
  const asked = { prompt: [{ text: "?" }], path: "p", kind: "input" };
  const data = { ...asked, contextId: "c", output: 1, message: "m", error: { code: "AGENT_FAILED", message: "no" } };
  const log: readonly object[] = TaskEvent.options
    .map(({ shape }) => shape.type.value)
    .flatMap((type): object[] => {
      if (type === "artifact.appended") return [added("a", "x")];
      if (type === "message.added") return [said("m1")];
      return type === "log.compacted" || type === "task.submitted" ? [] : [{ type, data }];
    });
  for (const options of [{}, { historyLength: 0 }, { artifacts: false }, { historyLength: 0, artifacts: false }]) {
    const without: readonly string[] = typesUnseen(options);
    const seen = log.map((event, index) => ({ ...event, seq: index + 1, at: 1 }) as TaskEvent);
    const [whole, part] = [new TaskView("t", "c", options), new TaskView("t", "c", options)];
    for (const event of seen) whole.apply(event);
    for (const event of seen) if (!without.includes(event.type)) part.apply(event);
    expect(part.snapshot()).toEqual(whole.snapshot());
    expect(without.length).toBeGreaterThan(6);
  }
});

test("what is not shown of a task is not kept while its log is read", () => {
  const bounds = { history: 1e9, artifacts: 1e9 };
  const log = [said(`m1${"x".repeat(5000)}`), added("a", "x".repeat(5000)), said("m2"), said("m3")];
  const bare = viewWith({ historyLength: 0, artifacts: false, bounds }, ...log);
  expect([bare.snapshot().history, bare.snapshot().artifacts]).toEqual([[], []]);
  expect(bare.size).toBeLessThan(200);
  const newest = viewWith({ historyLength: 2, artifacts: false, bounds }, ...log);
  expect(idsOf(newest)).toEqual(["m2", "m3"]);
  expect(newest.size).toBeLessThan(500);
  expect(viewWith({ bounds }, ...log).size).toBeGreaterThan(10_000);
});

test("a history keeps the newest messages that its bound holds, and the newest in any case", () => {
  const large = (id: string) => said(`${id}${"x".repeat(1000)}`);
  const bounds = { history: 2500, artifacts: 1000 };
  expect(idsOf(viewWith({ bounds }, ...["m1", "m2", "m3", "m4"].map(large)))).toEqual(["m3", "m4"]);
  expect(idsOf(viewWith({ bounds }, said("m1"), said(`m2${"x".repeat(9000)}`)))).toEqual(["m2"]);
  expect(idsOf(viewWith({}, ...["m1", "m2", "m3", "m4"].map(large)))).toHaveLength(4);
});

test("artifacts beyond their bound are refused with the way to read them; what replaces or is not shown does not count", () => {
  const bounds = { history: 1000, artifacts: 2500 };
  const text = "x".repeat(1000);
  viewWith({ bounds }, ...Array.from({ length: 9 }, () => added("a", text)));
  viewWith({ bounds, artifacts: false }, ...Array.from({ length: 9 }, () => added("a", text, true)));
  for (const [id, append] of [["a", true] as const, ["b", false] as const])
    expect(() => viewWith({ bounds }, added("a", text), added(id, text, append), added("c", text))).toThrow(
      expect.objectContaining({ code: "TOO_LARGE", message: expect.stringContaining("/api/v1/tasks/t/events") }),
    );
});
