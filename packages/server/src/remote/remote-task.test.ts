import type { Artifact, StreamResponse } from "@agentcore/contract";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ArtifactMarks } from "./artifact-marks.ts";
import { BatchBuilder, RemoteTask, valueOf } from "./remote-task.ts";
import { type RemoteUpdate, UnfinishedEvent } from "./unfinished-event.ts";

const taskAt = (seq?: number) => new RemoteTask({ taskId: "t", marks: {}, polls: false, seq });

const chunk = (text: string, append = true, id = "a"): StreamResponse => ({
  artifactUpdate: { taskId: "t", contextId: "c", artifact: { artifactId: id, parts: [{ text }] }, append },
});
const status = (state: "WORKING" | "INPUT_REQUIRED" | "COMPLETED", text?: string): StreamResponse => ({
  statusUpdate: {
    taskId: "t",
    contextId: "c",
    status: {
      state: `TASK_STATE_${state}`,
      ...(text === undefined ? {} : { message: { messageId: `m-${text}`, role: "ROLE_AGENT", parts: [{ text }] } }),
    },
  },
});
const snapshot = (artifacts: Artifact[], asked?: string): StreamResponse => ({
  task: {
    id: "t",
    status:
      asked === undefined
        ? { state: "TASK_STATE_WORKING" }
        : {
            state: "TASK_STATE_INPUT_REQUIRED",
            message: { messageId: `m-${asked}`, role: "ROLE_AGENT", parts: [{ text: asked }] },
          },
    artifacts,
  },
});
const textsOf = (updates: readonly RemoteUpdate[]) =>
  updates.map((update) => (update.type === "progress" ? update.text : update.parts.map(({ text }) => text).join("|")));

describe("a batch", () => {
  it("puts chunks of one artifact together, and keeps their parts", () => {
    const batch = new BatchBuilder(taskAt());
    for (const frame of [chunk("one", false), chunk("two"), status("WORKING", "hm"), chunk("three")])
      batch.addFrame(frame, undefined);
    expect(textsOf(batch.build().updates)).toEqual(["one|two", "hm", "three"]);
  });

  it("ends with a question or an end", () => {
    const batch = new BatchBuilder(taskAt());
    batch.addFrame(status("INPUT_REQUIRED", "Which?"), undefined);
    expect(batch.isFull).toBe(true);
    expect(batch.build().turn).toMatchObject({ state: "TASK_STATE_INPUT_REQUIRED", parts: [{ text: "Which?" }] });
  });

  it("takes a question that was answered for none when it is seen again in a snapshot", () => {
    const task = taskAt();
    const first = new BatchBuilder(task);
    first.addFrame(snapshot([], "Which?"), undefined);
    task.answered = first.build().turn?.key;
    const again = new BatchBuilder(task);
    again.addFrame(snapshot([], "Which?"), undefined);
    expect(again.build().turn).toBeUndefined();
    again.addFrame(snapshot([], "And when?"), undefined);
    expect(again.build().turn?.parts).toEqual([{ text: "And when?" }]);
  });

  it("takes a question that looks like the answered one for a new one once the task was at work between", () => {
    const snapshotOf = (state: "INPUT_REQUIRED" | "WORKING") =>
      ({ id: "t", contextId: "c", status: { state: `TASK_STATE_${state}` } }) as const;
    const task = taskAt();
    const read = (state: "INPUT_REQUIRED" | "WORKING") => {
      const builder = new BatchBuilder(task);
      builder.addSnapshot(snapshotOf(state));
      const batch = builder.build({ poll: true });
      task.apply(batch);
      return batch.turn;
    };
    task.answered = read("INPUT_REQUIRED")?.key;
    expect(read("INPUT_REQUIRED")).toBeUndefined();
    expect(read("WORKING")).toBeUndefined();
    expect(read("INPUT_REQUIRED")).toMatchObject({ state: "TASK_STATE_INPUT_REQUIRED" });
  });

  it("takes a numbered event in whole: the part of one that a cut left over is dropped, and comes again", () => {
    const batch = new BatchBuilder(taskAt(4));
    batch.addFrame(chunk("five", false), 5);
    batch.addFrame(chunk("half of six"), undefined);
    const built = batch.build();
    expect([textsOf(built.updates), built.seq]).toEqual([["five"], 5]);
  });

  it("leaves of an event without its number what it counts, and nothing else of the frames", () => {
    const unfinished = new UnfinishedEvent();
    const batch = new BatchBuilder(taskAt(4), unfinished);
    const metadata = { note: "x".repeat(1_000) };
    for (const text of ["half ", "of five"]) {
      const { artifactUpdate } = chunk(text) as Extract<StreamResponse, { artifactUpdate: unknown }>;
      batch.addFrame({ artifactUpdate: { ...artifactUpdate, metadata } }, undefined);
      batch.addFrame(status("WORKING"), undefined);
    }
    const held = unfinished.release();
    expect(textsOf(held.map(({ update }) => update))).toEqual(["half ", "of five"]);
    for (const { update, size } of held) expect(size).toBe(JSON.stringify(update).length);
    expect(JSON.stringify(held)).not.toContain("note");
  });

  it("is bounded in updates and size", () => {
    const many = new BatchBuilder(taskAt());
    let count = 0;
    for (; !many.isFull; count++) many.addFrame(chunk("x", false, `a${count}`), undefined);
    expect(count).toBe(64);
    const large = new BatchBuilder(taskAt());
    for (let index = 0; index < 3; index++) large.addFrame(chunk("x".repeat(100_000)), undefined);
    expect(large.isFull).toBe(true);
  });
});

describe("marks of artifacts", () => {
  it("are bounded in number: parts of those that are there come in still, one more does not", () => {
    const marks = new ArtifactMarks();
    const update = { type: "artifact", parts: [{ text: "x" }], append: true, lastChunk: true } as const;
    for (let index = 0; index < 10_000; index++) marks.note({ ...update, id: `a${index}` });
    marks.note({ ...update, id: "a0" });
    expect(() => marks.note({ ...update, id: "one more" })).toThrow(/more than 10000 artifacts/);
  });

  it("whatever was told before, what a snapshot adds brings everybody to the same", () => {
    const part = fc.record({ text: fc.string({ maxLength: 3 }) });
    const artifacts = fc.dictionary(fc.constantFrom("a", "b", "c"), fc.array(part, { minLength: 1, maxLength: 4 }));
    const asList = (all: Record<string, { text: string }[]>): Artifact[] =>
      Object.entries(all).map(([artifactId, parts]) => ({ artifactId, parts }));
    fc.assert(
      fc.property(artifacts, artifacts, (before, after) => {
        const marks = new ArtifactMarks();
        const told: Record<string, { text: string }[]> = {};
        const tell = (all: Record<string, { text: string }[]>): void => {
          for (const update of marks.difference(asList(all))) {
            marks.note(update);
            const parts = update.parts as { text: string }[];
            told[update.id] = update.append ? [...(told[update.id] ?? []), ...parts] : parts;
          }
        };
        tell(before);
        tell(after);
        for (const [id, parts] of Object.entries(after)) expect(told[id]).toEqual(parts);
        expect(marks.difference(asList(after))).toEqual([]);
        expect(new ArtifactMarks(JSON.parse(JSON.stringify(marks))).difference(asList(after))).toEqual([]);
      }),
    );
  });
});

it("parts become a value: data alone as it is, texts put together, anything else as parts", () => {
  expect(valueOf([{ data: { a: 1 } }])).toEqual({ a: 1 });
  expect(valueOf([{ text: "a" }, { text: "b" }])).toBe("ab");
  expect(valueOf([{ text: "a" }, { url: "https://x.test/" }])).toEqual({
    parts: [{ text: "a" }, { url: "https://x.test/" }],
  });
  expect(valueOf([])).toBeNull();
});
