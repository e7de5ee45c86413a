/** Replays a recorded log against code, without any effect: does the code still ask what it asked? */
import { isTerminal, type NewTaskEvent, PlatformError, type TaskEvent } from "@agentcore/contract";
import type { AgentDefinition, Context } from "@agentcore/contract/authoring";
import { createMemoryTaskStore } from "@agentcore/core/inprocess";
import type { KeyValue } from "@agentcore/core/ports";
import { TaskEngine } from "@agentcore/core/tasks";
import { createFnvDigest, createSequentialIds } from "@agentcore/core/testing";
import { contextWith } from "./context-with.ts";
import type { AnyAgent } from "./test-agent.ts";
import { macrotask, ProcessClock, TestTime } from "./test-clock.ts";
import { OUTSIDE_AWAIT_MS, TENANT } from "./test-process.ts";

export type ReplayResult =
  | { readonly ok: true }
  /** `recorded`: what the log holds; `asked`: what the code did instead. */
  | { readonly ok: false; readonly diverged: { readonly recorded: unknown; readonly asked: unknown } };

const STALL_CHECK_MS = 501;
const never = (): Promise<never> => new Promise(() => {});

/**
 * Runs `agent` over `history` (of `run.events`, or read from a log) up to its end. Nothing that is not recorded runs.
 * Open histories are replayed as far as they go; a finished one must also end the same way. `of`: whose log it is; code that draws
 * `ctx.id()` or `ctx.random()` gets from it what it got then.
 */
export const replay = async (
  history: readonly TaskEvent[],
  agent: AnyAgent,
  of: { readonly taskId?: string; readonly tenantId?: string } = {},
): Promise<ReplayResult> => {
  const [first] = history;
  if (first?.type !== "task.submitted")
    throw new PlatformError(
      "INVALID_ARGUMENT",
      first?.type === "log.compacted"
        ? `replay: the first ${first.seq} events of this log were compacted; a whole log is needed`
        : "replay: expected a log that begins with task.submitted",
    );
  const end = history.at(-1);
  const ended = end !== undefined && END_TYPES.has(end.type) ? end : null;
  const recorded = ended === null ? history : history.slice(0, -1);
  const asked: string[] = [];
  const time = new TestTime();
  time.now = history.at(-1)?.at ?? time.now;
  const clock = new ProcessClock(time);
  const store = createMemoryTaskStore({ clock });
  const key = { tenantId: of.tenantId ?? TENANT, taskId: of.taskId ?? "replayed" };
  const checkpointSeq = recorded.findLast(({ type }) => type === "checkpoint.created")?.seq ?? 0;
  // No deadline: it would strike long after the fact.
  const { agent: name, revision, contextId, caller, priority } = first.data;
  await store.commit([
    {
      tenantId: key.tenantId,
      create: [
        {
          taskId: key.taskId,
          ...{ agent: name, revision, contextId, caller, priority },
          deadline: null,
          parent: null,
          dueAt: time.now,
          createdAt: first.at,
          events: recorded as readonly NewTaskEvent[],
          claimed: { state: "working", checkpointSeq, release: { dueAt: time.now } },
        },
      ],
    },
  ]);
  const digest = createFnvDigest();
  const engine = new TaskEngine({
    store,
    keyValue: {
      get: never,
      put: never,
      delete: never,
      list: never,
      add: never,
      watch: () => () => {},
    } satisfies KeyValue,
    models: { generate: (request) => (asked.push(`model:${request.model}`), never()) },
    host: {
      capacities: new Map(),
      load: () => ({ definition: withoutEffects(agent as AgentDefinition, asked), env: {}, concurrency: 1 }),
    },
    router: { command: never, query: never, emit: () => {}, subscribers: () => () => [], reportEnd: () => {} },
    senses: { clock, ids: createSequentialIds("replay"), digest, logger: { log: () => {} } },
    node: "replay",
    outsideAwaitMs: OUTSIDE_AWAIT_MS,
  });
  await engine.start();
  const settle = async (): Promise<void> => {
    for (let turns = 0, seen = -1; turns < 4; turns++) {
      if (clock.busy || time.activity !== seen) turns = 0;
      seen = time.activity;
      await macrotask();
    }
  };
  await settle();
  time.jumpTo(time.now + STALL_CHECK_MS);
  await settle();
  clock.die();
  const log = await store.readLog(key);
  const last = log.at(-1);
  if (last?.type === "task.parked") {
    const { details, message } = last.data.error;
    return {
      ok: false,
      diverged: { recorded: details?.["recorded"] ?? details?.["path"] ?? null, asked: details?.["asked"] ?? message },
    };
  }
  if (ended === null || ended.type === "task.parked" || ended.type === "task.canceled") return { ok: true };
  if (last === undefined || !isEnd(last)) {
    const opened = log
      .slice(recorded.length)
      .flatMap((event) =>
        event.type === "step.started" || event.type === "task.inputRequired" || event.type === "task.authRequired"
          ? [event.data.path]
          : [],
      );
    return { ok: false, diverged: { recorded: ended.type, asked: [...asked, ...opened] } };
  }
  const same = last.type === ended.type && JSON.stringify(last.data) === JSON.stringify(ended.data);
  return same || (ended.type === "task.failed" && ended.data.error.code === "DEADLINE_EXCEEDED")
    ? { ok: true }
    : {
        ok: false,
        diverged: { recorded: { type: ended.type, ...ended.data }, asked: { type: last.type, ...last.data } },
      };
};

const END_TYPES: ReadonlySet<TaskEvent["type"]> = new Set([
  "task.completed",
  "task.failed",
  "task.canceled",
  "task.rejected",
  "task.parked",
]);
const isEnd = (event: TaskEvent): boolean =>
  END_TYPES.has(event.type) &&
  (event.type === "task.parked" || isTerminal(event.type.slice(5) as Parameters<typeof isTerminal>[0]));

const withoutEffects = (agent: AgentDefinition, asked: string[]): AgentDefinition => {
  const { run } = agent;
  if (run === undefined) return agent;
  const still = (ctx: Context): Context =>
    contextWith(ctx, {
      step: (name, _body, options) => ctx.step(name, () => (asked.push(`step:${name}`), never()), options),
      tool: (tool, input, options) =>
        ctx.tool({ ...tool, execute: () => (asked.push(`tool:${tool.name}`), never()) }, input, options),
    });
  return { ...agent, run: (task, ctx) => run(task, still(ctx)) };
};
