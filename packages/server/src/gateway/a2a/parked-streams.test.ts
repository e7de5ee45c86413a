/** A stream that pauses anywhere says what one says that folds the whole log without a pause (I6). */
import { submissionOf, type TaskEvent } from "@agentcore/contract";
import { type FollowedLog, itemsOf, TaskView, viewTask } from "@agentcore/core/tasks";
import fc from "fast-check";
import { expect, test } from "vitest";
import { projectTask } from "./project-task.ts";
import { type TaskFrame, TaskStream, type TaskStreamOptions } from "./task-stream.ts";

const AT = 1_760_000_000_000;
const CALL = { path: "ask", kind: "input" as const };
const SUBMITTED = { agent: "a", revision: "r", contextId: "c", caller: "ann", priority: "normal" } as const;

type Bare = TaskEvent extends infer Event ? (Event extends TaskEvent ? Omit<Event, "seq" | "at"> : never) : never;

const middle: fc.Arbitrary<Bare> = fc.oneof(
  fc.constant<Bare>({ type: "task.started", data: {} }),
  fc.constant<Bare>({ type: "checkpoint.created", data: {} }),
  fc.string().map((text): Bare => ({ type: "task.progressed", data: { ...CALL, message: text } })),
  fc.record({ text: fc.string(), append: fc.boolean(), name: fc.constantFrom("x", "y") }).map(
    ({ text, append, name }): Bare => ({
      type: "artifact.appended",
      data: {
        path: "a",
        kind: "artifact",
        artifact: { artifactId: name, parts: [{ text }] },
        append,
        lastChunk: false,
      },
    }),
  ),
  fc.constantFrom("ask", "beside").map(
    (path): Bare => ({
      type: "task.inputRequired",
      data: { path, kind: "input", prompt: [{ text: "Which one?" }] },
    }),
  ),
  fc.constantFrom("ask", "beside").map((path): Bare => ({ type: "step.completed", data: { path, kind: "input" } })),
  fc.constant<Bare>({
    type: "task.authRequired",
    data: { ...CALL, prompt: [{ text: "Sign in" }], authorization: { name: "mail" } },
  }),
  fc.constant<Bare>({ type: "task.resumed", data: { reason: "input" } }),
  fc.constantFrom("m1", "m2").map(
    (messageId): Bare => ({
      type: "message.added",
      data: { message: { messageId, role: "ROLE_USER", parts: [{ text: "x" }] } },
    }),
  ),
  fc.constant<Bare>({ type: "task.parked", data: { error: { code: "AGENT_FAILED", message: "no" } } }),
);
const end = fc.constantFrom<Bare | null>(
  { type: "task.completed", data: { output: "done" } },
  { type: "task.failed", data: { error: { code: "AGENT_FAILED", message: "no" } } },
  { type: "task.canceled", data: { reason: "enough" } },
  null,
);

const compacted = (whole: readonly TaskEvent[], floor: number): TaskEvent => ({
  ...{ seq: floor, at: AT, type: "log.compacted" },
  data: { submitted: { at: AT, data: SUBMITTED }, state: "working", task: viewTask("t", whole.slice(0, floor)) },
});

interface Step {
  /** Events that come before the next pause. */
  readonly come: number;
  /** How far behind them the log is folded then; null when it is not. */
  readonly foldedBehind: number | null;
}

/** What readers get piece by piece, with an empty piece at each pause, when the log is folded now and then. */
const pieces = (whole: readonly TaskEvent[], steps: readonly Step[]): (readonly TaskEvent[])[] => {
  const out: (readonly TaskEvent[])[] = [];
  let read = 0;
  let written = 0;
  let floor = 0;
  for (const { come, foldedBehind } of [...steps, { come: whole.length, foldedBehind: null }]) {
    written = Math.min(whole.length, written + come);
    // An end is never folded away.
    if (foldedBehind !== null) floor = Math.max(floor, Math.min(written - foldedBehind, whole.length - 1));
    const piece = read < floor ? [compacted(whole, floor), ...whole.slice(floor, written)] : whole.slice(read, written);
    read = written;
    out.push(piece, []);
  }
  return out;
};

const feedOf = (given: readonly (readonly TaskEvent[])[]): FollowedLog => {
  const left = [...given];
  return {
    read: async () => left.shift() ?? null,
    inTurn: (work) => work(),
    texts: () => [],
    wait: (ring) => queueMicrotask(ring),
    close: () => {
      left.length = 0;
    },
  };
};

/** The rules, over a view of all that was read. */
const uninterrupted = (events: readonly TaskEvent[], options: TaskStreamOptions): TaskFrame[] => {
  const view = new TaskView("t");
  const frames: TaskFrame[] = [];
  const whole = () => ({ task: projectTask(view.snapshot(), { historyLength: options.historyLength }) });
  const has = (messageId: string) => view.snapshot().history?.some((message) => message.messageId === messageId);
  let contextId = "";
  let ended = false;
  let asked: string | undefined;
  for (const event of events) {
    const { artifact, status, terminal } = view.apply(event);
    const taken = options.answerTo === undefined || has(options.answerTo) === true;
    const isAnswered = event.type === "step.completed" && asked !== undefined && event.data.path !== asked;
    if (status !== undefined) asked = event.type === "task.inputRequired" ? event.data.path : undefined;
    contextId = submissionOf(event)?.data.contextId ?? contextId;
    ended ||= terminal;
    const { seq } = event;
    if (seq < options.from) continue;
    if (seq === options.from) {
      const { task } = whole();
      if (options.snapshot) frames.push({ response: { task }, seq });
      if (ended || (options.endAtSnapshotOfInputRequired === true && task.status.state === "TASK_STATE_INPUT_REQUIRED"))
        return frames;
    } else if (event.type === "log.compacted") frames.push({ response: whole(), seq });
    else {
      if (artifact !== undefined)
        frames.push({ response: { artifactUpdate: artifact }, seq: status === undefined ? seq : undefined });
      if (options.endAtInputRequired && taken && isAnswered) return frames;
      if (status === undefined) continue;
      frames.push({ response: { statusUpdate: { taskId: "t", contextId, status } }, seq });
      if (ended) return frames;
      if (options.endAtInputRequired && taken && status.state === "TASK_STATE_INPUT_REQUIRED") return frames;
    }
  }
  return frames;
};

const options: fc.Arbitrary<TaskStreamOptions> = fc.record({
  from: fc.integer({ min: 1, max: 8 }),
  snapshot: fc.boolean(),
  historyLength: fc.option(fc.nat(3), { nil: undefined }),
  endAtInputRequired: fc.boolean(),
  answerTo: fc.constantFrom(undefined, "m1"),
  endAtSnapshotOfInputRequired: fc.boolean(),
});
const steps = fc.array(fc.record({ come: fc.nat(4), foldedBehind: fc.option(fc.nat(3)) }), { maxLength: 8 });

test("frames are the same wherever it pauses and whatever of the log is folded meanwhile", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(middle, { maxLength: 16 }), end, steps, options, async (bare, last, pauses, given) => {
      const first: Bare = { type: "task.submitted", data: SUBMITTED };
      const whole = [first, ...bare, ...(last === null ? [] : [last])].map(
        (event, index) => ({ ...event, seq: index + 1, at: AT + index }) as TaskEvent,
      );
      const come = pieces(whole, pauses);
      const said: TaskFrame[] = [];
      for await (const frame of itemsOf(new TaskStream("t", feedOf(come), given, async () => feedOf([whole]))))
        said.push(frame);
      expect(said).toEqual(uninterrupted(come.flat(), given));
    }),
    { numRuns: 500, seed: 1 },
  );
});
