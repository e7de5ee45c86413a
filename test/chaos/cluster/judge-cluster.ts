/** Looks at all logs of a cluster's run, and at the effects that were written down outside of it. */
import type { TaskEvent } from "@agentcore/contract";
import type { Effect } from "./cluster-agents/agents.ts";

export interface Submission {
  readonly taskId: string;
  readonly agent: string;
  readonly n: number;
}

export interface ClusterVerdict {
  readonly lost: number;
  readonly repeatedRecorded: number;
  /** Effects that came again because their result was not recorded: allowed (I4). */
  readonly repeatedInFlight: number;
  /** The first few of each kind. */
  readonly faults: readonly string[];
}

const STEPS: Readonly<Record<string, readonly string[]>> = {
  worker: ["step:one", "step:two", "step:three", "step:part[a]", "step:part[b]", "step:part[c]"],
  parent: ["step:before", "step:after"],
  sleeper: ["step:before", "step:after"],
  asker: ["step:before", "step:after"],
};

const ENDS: ReadonlySet<string> = new Set(["task.completed", "task.failed", "task.canceled", "task.rejected"]);

/** Whether its last event is an end. */
export const isEnded = (log: readonly TaskEvent[]): boolean => ENDS.has(log.at(-1)?.type ?? "");

const outputOf = ({ agent, n }: Submission): unknown =>
  ({ worker: n + 33, parent: 3 * n + 68, sleeper: n + 1, asker: `answer to ${n}` })[agent];

export const judgeCluster = (
  submissions: readonly Submission[],
  logs: ReadonlyMap<string, readonly TaskEvent[]>,
  effects: readonly Effect[],
): ClusterVerdict => {
  const faults: string[] = [];
  let lost = 0;
  let repeatedRecorded = 0;
  const lose = (what: string): void => {
    lost += 1;
    faults.push(`lost: ${what}`);
  };
  const effectsOf = Map.groupBy(effects, ({ task, path }) => `${task} ${path}`);

  for (const submission of submissions) {
    const { taskId, agent } = submission;
    const last = logs.get(taskId)?.at(-1);
    if (last === undefined) lose(`acknowledged task ${taskId}`);
    else if (agent === "stayer") {
      if (last.type !== "task.canceled") faults.push(`${taskId} was canceled, and is ${last.type}`);
    } else if (last.type !== "task.completed" || last.data.output !== outputOf(submission))
      faults.push(`${agent} ${taskId} ended as ${JSON.stringify(last)}`);
  }

  for (const [taskId, log] of logs) {
    const [first] = log;
    const agent = first?.type === "task.submitted" ? first.data.agent : "nobody";
    if (log.some(({ seq }, index) => seq !== index + 1)) faults.push(`the log of ${taskId} is not in order`);
    const ends = log.filter(({ type }) => ENDS.has(type));
    if (ends.length !== 1 || ends[0] !== log.at(-1)) faults.push(`${taskId} ended ${ends.length} times`);
    const records = Map.groupBy(
      log.flatMap((event) => (event.type === "step.completed" && event.data.kind === "step" ? [event] : [])),
      ({ data }) => data.path,
    );
    for (const path of STEPS[agent] ?? []) if (!records.has(path)) lose(`the record of ${path} of ${taskId}`);
    for (const [path, [record, ...more]] of records) {
      if (more.length > 0) faults.push(`${path} of ${taskId} was recorded ${more.length + 1} times`);
      const came = effectsOf.get(`${taskId} ${path}`) ?? [];
      if (came.length === 0) lose(`the effect of ${path} of ${taskId}`);
      if (new Set(came.map(({ key }) => key)).size > 1) faults.push(`${path} of ${taskId} came with several keys`);
      for (const late of came.filter(({ at }) => at > (record?.at ?? 0))) {
        repeatedRecorded += 1;
        faults.push(`recorded at ${record?.at}, and repeated: ${JSON.stringify(late)}`);
      }
    }
  }
  const repeatedInFlight = [...effectsOf.values()].reduce((sum, came) => sum + came.length - 1, 0) - repeatedRecorded;
  return { lost, repeatedRecorded, repeatedInFlight, faults: faults.slice(0, 20) };
};
