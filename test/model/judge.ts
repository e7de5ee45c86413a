/** What became of a world's tasks, held against what the programs allow and what callers were promised. */
import type { TaskEvent } from "@agentcore/contract";
import type { TailRow, TaskHead } from "@agentcore/core/ports";
import { type Callers, isOver, submissionOf } from "./callers.ts";
import type { Payload, Program } from "./program.ts";
import { fitsNewCode, follow, type LogFacts } from "./reference.ts";
import { staysParked } from "./settle.ts";
import { SCOPE, type World } from "./world.ts";

export interface Tally {
  tasks: number;
  lost: number;
  repeatedRecorded: number;
  repeatedInFlight: number;
  readonly ends: Map<string, number>;
}

export interface Verdict {
  readonly wrong: readonly string[];
  readonly tally: Tally;
}

const MAY_PARK = new Set(["ATTEMPTS_EXHAUSTED"]);
const MAY_PARK_CHANGED = new Set([...MAY_PARK, "NON_DETERMINISTIC"]);

export const judge = async (
  world: World,
  callers: Callers,
  programs: ReadonlyMap<string, Program>,
): Promise<Verdict> => {
  const wrong = [...world.wrong, ...world.effects.faults];
  const heads = await world.heads();
  const logs = new Map<string, readonly TaskEvent[]>();
  for (const { taskId } of heads) logs.set(taskId, await world.store.readLog({ tenantId: SCOPE.tenantId, taskId }));
  const rootPrograms = new Map(
    [...callers.roots].flatMap(([name, taskId]) => {
      const program = programs.get(name);
      return program === undefined ? [] : [[taskId, program] as const];
    }),
  );
  const tally: Tally = {
    tasks: heads.length,
    lost: 0,
    repeatedRecorded: world.effects.faults.length,
    repeatedInFlight: world.effects.inFlight,
    ends: new Map(),
  };
  const say = (head: TaskHead, what: string): void => {
    const lines = (logs.get(head.taskId) ?? []).map(
      ({ seq, type, at, data }) => `    ${seq} ${type} @${at % 1e7} ${JSON.stringify(data).slice(0, 220)}`,
    );
    const { taskId, agent, state, dueAt, leased, attempts } = head;
    wrong.push([`${what}: ${JSON.stringify({ taskId, agent, state, dueAt, leased, attempts })}`, ...lines].join("\n"));
  };
  for (const [name] of programs) {
    const taskId = callers.roots.get(name);
    if (taskId !== undefined && logs.has(taskId)) continue;
    tally.lost += 1;
    wrong.push(`${name}: ${taskId ?? "its task"} was lost`);
  }
  for (const head of heads) {
    const log = logs.get(head.taskId) ?? [];
    const last = log.at(-1);
    const code = last?.type === "task.parked" || last?.type === "task.failed" ? ` ${last.data.error.code}` : "";
    const end = `${head.state}${code}`;
    tally.ends.set(end, (tally.ends.get(end) ?? 0) + 1);
    if (log.length !== head.seq) say(head, `the head says ${head.seq} events`);
    if (!isOver(head) && !staysParked(head, log, rootPrograms)) {
      tally.lost += 1;
      say(head, "has not ended");
    }
    const wasCanceled = log.some(({ type }) => type === "task.cancelRequested");
    // Its clean-up could not go on: parked, for a person to see to.
    if (callers.cancelsAccepted.has(head.taskId) && head.state !== "canceled" && head.state !== "parked")
      say(head, "its cancel was accepted");
    if (wasCanceled && !isCancelExplained(head, log, logs, callers)) say(head, "nobody canceled it");
    checkMessages(head, log, callers, say);
    checkAccess(head, log, callers, say);
    const input = submissionOf(log)?.input as Payload | undefined;
    if (head.agent === "listener" || input === undefined) continue;
    const facts: LogFacts = {
      ...{ taskId: head.taskId, log, payload: input, spans: world.pace.spans, deadline: head.deadline },
      clocksJump: (world.faults.struck.get("jump") ?? 0) > 0,
      logOf: (taskId) => logs.get(taskId),
      parkedAs: input.change === null ? MAY_PARK : MAY_PARK_CHANGED,
    };
    const fault = follow(facts);
    if (fault !== null) say(head, fault);
    checkParking(head, facts, say);
  }
  checkListeners(heads, logs, say);
  await checkLanes(world, heads, say);
  return { wrong, tally };
};

type Say = (head: TaskHead, what: string) => void;

/** Parked for its code only when the new code cannot have come to that log. */
const checkParking = (head: TaskHead, facts: LogFacts, say: Say): void => {
  const { log } = facts;
  for (const [index, event] of log.entries()) {
    if (event.type !== "task.parked" || event.data.error.code !== "NON_DETERMINISTIC") continue;
    if (fitsNewCode({ ...facts, log: log.slice(0, index) })) say(head, `parked at ${event.seq} although the code fits`);
  }
};

const isCancelExplained = (
  { taskId, parent }: TaskHead,
  log: readonly TaskEvent[],
  logs: ReadonlyMap<string, readonly TaskEvent[]>,
  { cancelsAsked }: Callers,
): boolean =>
  log.every((event) => {
    if (event.type !== "task.cancelRequested") return true;
    if (!event.data.by.startsWith("task:")) return cancelsAsked.has(taskId);
    const above = logs.get(parent?.taskId ?? "") ?? [];
    return above.some(({ type }) => /^task\.(cancelRequested|completed|failed|canceled)$/.test(type));
  });

/** Each acknowledged message once, in the order of the acknowledgements; unless the task ended without running code. */
const checkMessages = (head: TaskHead, log: readonly TaskEvent[], { said }: Callers, say: Say): void => {
  const heard = log.flatMap((event) => (event.type === "message.added" ? [event.data.message.messageId] : []));
  if (new Set(heard).size !== heard.length) say(head, "was told the same twice");
  const own = said.filter(({ taskId }) => taskId === head.taskId);
  const accepted = own.filter(({ acceptedAt }) => acceptedAt !== null);
  if (heard.some((id) => !own.some(({ messageId }) => messageId === id))) say(head, "was told what nobody said");
  const ran = log.some(({ type }) => type === "task.started");
  const endedParked = log.some(({ type }, index) => type === "task.parked" && isLastRun(log, index));
  if (ran && !endedParked && isOver(head))
    for (const { messageId } of accepted) if (!heard.includes(messageId)) say(head, `was not told ${messageId}`);
  for (const one of accepted)
    for (const other of own) {
      // Said again: the first time counts.
      const first = own.find(({ messageId }) => messageId === other.messageId);
      if (first !== other || one.acceptedAt === null || one.acceptedAt > other.saidAt) continue;
      const [before, after] = [heard.indexOf(one.messageId), heard.indexOf(other.messageId)];
      if (before >= 0 && after >= 0 && before > after) say(head, `heard ${other.messageId} before ${one.messageId}`);
    }
};

/** An acknowledged decision stands: it is in the log, and no other about the same wait is, unless nobody waited for it any more. */
const checkAccess = (head: TaskHead, log: readonly TaskEvent[], { granted }: Callers, say: Say): void => {
  let round = 0;
  const waits = new Set(
    log.flatMap((event) => {
      if (event.type === "checkpoint.created") round += 1;
      return event.type === "task.authRequired" ? [`${round} ${event.data.path}`] : [];
    }),
  );
  const deciders = new Set(
    log.flatMap((event) => {
      if (event.type === "step.completed" && event.data.kind === "authorization")
        return [(event.data.result as { readonly grantedBy: string }).grantedBy];
      if (event.type === "step.failed" && event.data.kind === "authorization")
        return [/refused by (granter \d+)/.exec(event.data.error.message)?.[1] ?? "nobody"];
      return [];
    }),
  );
  const acknowledged = granted.filter(({ taskId }) => taskId === head.taskId).map(({ by }) => by);
  const left = acknowledged.filter((by) => !deciders.has(by));
  // What was left open when the code ended or was canceled has no end in the log; a wait that ended has one decider.
  if (left.length > waits.size - deciders.size) say(head, `decisions of ${left.join(", ")} came to nothing`);
  if (JSON.stringify(log).includes("secret of ")) say(head, "its log holds a secret");
};

/** Nothing ran after that event. */
const isLastRun = (log: readonly TaskEvent[], index: number): boolean =>
  !log.slice(index).some(({ type }) => type === "task.resumed");

/** Each durable event starts one task of each subscriber. */
const checkListeners = (
  heads: readonly TaskHead[],
  logs: ReadonlyMap<string, readonly TaskEvent[]>,
  say: Say,
): void => {
  const heard = new Map<string, number>();
  for (const { agent, taskId } of heads) {
    if (agent !== "listener") continue;
    const input = submissionOf(logs.get(taskId) ?? [])?.input as { readonly payload: unknown } | undefined;
    const told = JSON.stringify(input?.payload);
    heard.set(told, (heard.get(told) ?? 0) + 1);
  }
  for (const head of heads) {
    if (head.agent === "listener") {
      const [first] = logs.get(head.taskId) ?? [];
      if (first === undefined) say(head, "has no log");
      continue;
    }
    let round = 0;
    for (const event of logs.get(head.taskId) ?? []) {
      if (event.type === "checkpoint.created") round += 1;
      if (event.type !== "step.completed" || event.data.kind !== "emit") continue;
      const at = /\[(.*)\]/.exec(event.data.path)?.[1];
      const told = JSON.stringify({ taskId: head.taskId, at, round });
      if (heard.get(told) !== 1) say(head, `${heard.get(told) ?? 0} heard ${told}`);
      heard.delete(told);
    }
  }
  for (const [told] of heard) {
    const head = heads.find(({ taskId }) => told.includes(taskId));
    if (head !== undefined) say(head, `a listener heard ${told}, which was not told`);
  }
};

/** Of a lane the tasks run one after the other: by the order of commits, for clocks may be wrong. */
const checkLanes = async (world: World, heads: readonly TaskHead[], say: Say): Promise<void> => {
  const lanes = heads.filter(({ agent }) => agent === "lane");
  if (lanes.length === 0) return;
  const began = new Map<string, number>();
  const ended = new Map<string, number>();
  let place = 0;
  for (let after: string | null = null; ; ) {
    const rows: readonly TailRow[] = await world.store.tail({ after, limit: 1000 });
    for (const { taskId, event } of rows) {
      place += 1;
      if (event.type === "task.started") began.set(taskId, place);
      ended.set(taskId, place);
    }
    after = rows.at(-1)?.cursor ?? after;
    if (rows.length < 1000) break;
  }
  for (const one of lanes)
    for (const other of lanes) {
      const start = began.get(one.taskId);
      const next = began.get(other.taskId);
      if (one === other || one.contextId !== other.contextId || start === undefined || next === undefined) continue;
      if (start < next && next < (ended.get(one.taskId) ?? 0)) say(one, `ran beside ${other.taskId} of its lane`);
    }
};
