/** Compares what was durable when a node died with what its successor made of it. */
import { isTerminal, type TaskEvent } from "@agentcore/contract";
import type { FolderState } from "./data-folder.ts";
import type { Effect } from "./scenario/report-effect.ts";

/** Given to the task, and for nobody else to read. */
export const SECRET = "s3cr3t-of-the-matrix";

const EXPECTED_OUTPUT = {
  first: 1,
  parallel: [0, 1, 2],
  child: 30,
  oracle: "forty-two",
  model: "a word",
  memory: 42,
  answer: "Ada",
  guarded: SECRET.length,
  last: "end",
};
const EXPECTED_EFFECTS: Readonly<Record<string, readonly string[]>> = {
  "matrix-main": [
    "step:first",
    "step:parallel[a]",
    "step:parallel[b]",
    "step:parallel[c]",
    "query:agent:matrix-oracle",
    "model:matrix-model",
    "step:guarded",
    "step:last",
  ],
  "matrix-child": ["step:one", "step:two"],
  "matrix-subscriber": ["step:note"],
};

export interface Verdict {
  /** Steps whose effect came again although their result was on disk. */
  readonly repeatedRecorded: number;
  /** Acknowledged or durable things that are gone, and effects that never came. */
  readonly lost: number;
  /** Effects that came again because their result was not on disk: allowed (I4). */
  readonly repeatedInFlight: number;
  readonly faults: readonly string[];
}

export const judge = (
  before: FolderState,
  after: FolderState,
  effects: readonly Effect[],
  firstPid: number,
): Verdict => {
  const faults: string[] = [];
  let lost = 0;
  let repeatedRecorded = 0;
  const lose = (what: string): void => {
    lost += 1;
    faults.push(`lost: ${what}`);
  };

  for (const [agent, paths] of Object.entries(EXPECTED_EFFECTS)) {
    const heads = [...after.heads.values()].filter((head) => head.agent === agent);
    const head = heads[0];
    if (heads.length !== 1 || head === undefined) {
      if (heads.length === 0) lose(`the task of ${agent}`);
      else faults.push(`${heads.length} tasks of ${agent}, expected 1`);
      continue;
    }
    if (head.state !== "completed") faults.push(`${agent} is ${head.state}`);
    for (const path of paths)
      if (!effects.some((effect) => effect.task === head.taskId && effect.path === path)) lose(`the effect of ${path}`);
    faults.push(...judgeLog(agent, after.logs.get(head.taskId) ?? [], paths));
  }
  const main = [...after.heads.values()].find((head) => head.agent === "matrix-main");
  const last = main === undefined ? undefined : after.logs.get(main.taskId)?.at(-1);
  if (last?.type !== "task.completed" || JSON.stringify(last.data.output) !== JSON.stringify(EXPECTED_OUTPUT)) {
    faults.push(`the output is ${JSON.stringify(last)}`);
  }

  // I5: what was acknowledged is there.
  const submitted = before.acknowledged.get("submitted");
  if (submitted !== undefined && !before.heads.has(submitted)) lose(`acknowledged task ${submitted}`);
  if (submitted !== undefined && main?.taskId !== submitted) lose(`acknowledged task ${submitted} in the end`);
  // What was in a log stays in it, as it was.
  for (const [taskId, log] of before.logs) {
    const now = after.logs.get(taskId) ?? [];
    for (const event of log)
      if (JSON.stringify(now[event.seq - 1]) !== JSON.stringify(event)) lose(`event ${event.seq} of ${taskId}`);
  }

  let repeatedInFlight = 0;
  const firsts = new Map<string, Effect>();
  for (const effect of effects) {
    const call = `${effect.task}/${effect.path}`;
    const first = firsts.get(call);
    if (first === undefined) firsts.set(call, effect);
    else {
      if (first.key !== effect.key) faults.push(`${call} came with another key`);
      if (first.pid === effect.pid) faults.push(`${call} came twice in one process`);
      repeatedInFlight += 1;
    }
    // I4: no effect of a task that is not on disk.
    if (effect.pid === firstPid && !before.heads.has(effect.task))
      faults.push(`${call} happened before its task was durable`);
    // I3: a recorded step never runs again.
    if (effect.pid !== firstPid && isRecorded(before.logs.get(effect.task) ?? [], effect.path)) {
      repeatedRecorded += 1;
      faults.push(`recorded, and repeated: ${call}`);
    }
  }
  return { repeatedRecorded, lost, repeatedInFlight, faults };
};

const isRecorded = (log: readonly TaskEvent[], path: string): boolean =>
  log.some((event) => event.type === "step.completed" && event.data.path === path);

const judgeLog = (agent: string, log: readonly TaskEvent[], paths: readonly string[]): string[] => {
  const faults: string[] = [];
  if (JSON.stringify(log).includes(SECRET)) faults.push(`the log of ${agent} holds a secret`);
  if (log.some((event, index) => event.seq !== index + 1)) faults.push(`the log of ${agent} has a gap`);
  const completed = log.flatMap((event) => (event.type === "step.completed" ? [event.data.path] : []));
  for (const path of new Set(completed)) {
    const times = completed.filter((each) => each === path).length;
    if (times !== 1) faults.push(`${agent} recorded ${path} ${times} times`);
  }
  for (const path of paths) if (!completed.includes(path)) faults.push(`${agent} did not record ${path}`);
  const ends = log.filter(({ type }) =>
    ["task.completed", "task.failed", "task.canceled", "task.rejected"].includes(type),
  );
  if (ends.length !== 1 || ends[0] !== log.at(-1)) faults.push(`${agent} ended ${ends.length} times`);
  return faults;
};

export const isOver = (state: FolderState): boolean =>
  [...state.heads.values()].every((head) => isTerminal(head.state));
