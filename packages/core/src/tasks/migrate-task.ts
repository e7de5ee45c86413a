/**
 * Moves open tasks to another revision of their agent (docs/decisions/0015). Whoever asks puts mail into the mailbox; the holder of the lease
 * judges it before the code runs (I1), by the same replay that `doctor` tells of, and writes what became of it.
 */
import { isTerminal, type MigrationRules, type NewTaskEvent, PlatformError, type TaskEvent } from "@agentcore/contract";
import type { MailboxItem, TaskHead } from "../ports/index.ts";
import type { LoadedAgent } from "./agent-host.ts";
import type { TaskEngine } from "./engine.ts";
import { type OpenTaskReplay, replayOpen } from "./replay-open-tasks.ts";
import { loadRevision } from "./replay-task.ts";
import { createWake } from "./wake.ts";

// A task that runs leaves when what it is about has ended.
const PATIENCE_MS = 30_000;
// Hints come at once, but may be lost.
const LOOK_MS = 1_000;
const MAX_REASON = 1_000;

export interface MigrateRequest {
  /** Of the agent; `current` is what new tasks get. @default "current" */
  readonly revision?: string | undefined;
  /** How the log is to be read. @default what the revision declares */
  readonly rules?: MigrationRules | undefined;
  /** Nothing happens: only tells whether it could be. @default false */
  readonly dryRun?: boolean | undefined;
}

/**
 * migrated: it has the revision, perhaps from before. refused: it goes on with its own. asked: it is kept, and the task has not come to it yet.
 * possible: of a dry run, that it could be.
 */
export const MIGRATION_OUTCOMES = ["migrated", "refused", "asked", "possible"] as const;

export interface TaskMigration extends OpenTaskReplay {
  /** That was asked for. */
  readonly to: string;
  readonly outcome: (typeof MIGRATION_OUTCOMES)[number];
  /** Why it was refused. */
  readonly reason: string | null;
}

/** What the mail says. */
interface MigrationMail {
  readonly to: string;
  readonly by: string;
  readonly rules?: MigrationRules | undefined;
}

interface Asking {
  readonly by: string;
  readonly request: MigrateRequest;
  readonly readLog: (after: number) => AsyncIterable<TaskEvent>;
  /** For the replay. */
  readonly inTurn: <Result>(work: () => Promise<Result>) => Promise<Result>;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Resolves when the task has taken it in, or after half a minute. Throws TASK_TERMINAL, AGENT_NOT_FOUND, REVISION_UNAVAILABLE, INVALID_ARGUMENT
 * (the rules), OVERLOADED.
 */
export const migrateTask = async (
  engine: TaskEngine,
  head: TaskHead,
  { request, ...asking }: Asking,
): Promise<TaskMigration> => {
  if (isTerminal(head.state)) throw hasEnded(head);
  const target = await loadRevision(engine, head, request.revision ?? "current");
  const replay = await asking.inTurn(() => replayOpen(engine, head, target, request.rules));
  // Rules that say nothing of these graphs are the caller's mistake.
  if (replay.error?.code === "INVALID_ARGUMENT" && request.rules !== undefined)
    throw PlatformError.fromJSON(replay.error);
  return askToMigrate(engine, head, replay, { ...asking, request: { ...request, revision: target.revision } });
};

/** The same of a task that was replayed already, by the revision that is asked for. */
export const askToMigrate = async (
  engine: TaskEngine,
  head: TaskHead,
  replay: OpenTaskReplay,
  { by, request: { revision: to = "", rules, dryRun = false }, readLog, signal }: Omit<Asking, "inTurn">,
): Promise<TaskMigration> => {
  const told = (outcome: TaskMigration["outcome"], reason: string | null = null): TaskMigration => ({
    ...replay,
    ...{ to, outcome, reason },
  });
  if (head.revision === to) return told(dryRun ? "possible" : "migrated");
  // Nothing is disturbed for what is known to be refused.
  if (!replay.survives) return told("refused", whyNot(replay));
  if (dryRun) return told("possible");
  const { senses, store } = engine;
  const mail: MigrationMail = { to, by, ...(rules === undefined ? {} : { rules }) };
  // Asked twice while nothing has happened it is one; afterwards it may be asked again.
  const key = `migrate:${head.seq}:${senses.digest.sha256(JSON.stringify([to, rules])).slice(0, 32)}`;
  const wake = createWake();
  const listener = { hear: () => wake.ring() };
  engine.hub.listen(head, listener);
  signal?.addEventListener("abort", listener.hear, { once: true });
  try {
    const { tenantId, taskId, seq } = head;
    const mailed = await engine.mail.post(tenantId, {
      ...{ taskId, key, kind: "migrate", payload: mail },
      ifTerminal: "refuse",
    });
    if (mailed === "terminal") throw hasEnded(head);
    const until = senses.clock.monotonic() + PATIENCE_MS;
    while (senses.clock.monotonic() < until && signal?.aborted !== true && !engine.isClosed) {
      // Before the log is read: what has been taken in by then is in it.
      const isTaken = await store.hasTaken(head, key);
      const now = await store.head(head);
      if (now === null || isTerminal(now.state)) throw hasEnded(head);
      if (now.revision === to) return told("migrated");
      if (isTaken) return told("refused", await refusalIn(readLog(seq), to));
      const timer = senses.clock.after(LOOK_MS, () => wake.ring());
      await wake.rung();
      timer.cancel();
    }
  } finally {
    engine.hub.unlisten(head, listener);
    signal?.removeEventListener("abort", listener.hear);
  }
  return told("asked");
};

const whyNot = ({ differs, error }: OpenTaskReplay): string =>
  bounded(differs?.message ?? error?.message ?? "the code does not go on where the log ends");

const refusalIn = async (log: AsyncIterable<TaskEvent>, to: string): Promise<string> => {
  let reason = "it was moved elsewhere meanwhile";
  for await (const event of log)
    if (event.type === "task.migrationRefused" && event.data.to === to) reason = event.data.reason;
  return reason;
};

const hasEnded = ({ taskId }: TaskHead): PlatformError =>
  new PlatformError("TASK_TERMINAL", `task ${taskId} has ended; nothing of it goes on with another revision`, {
    details: { taskId },
  });

/**
 * What becomes of the mail, for the unit that takes it out; null when the task has the revision already. `load` gives the code of a revision,
 * null where it is not to be had.
 */
export const judgeMigration = async (
  engine: TaskEngine,
  head: TaskHead,
  item: MailboxItem,
  load: (revision: string) => Promise<LoadedAgent | null>,
): Promise<NewTaskEvent | null> => {
  const { to } = item.payload as MigrationMail;
  if (to === head.revision) return null;
  try {
    const agent = await load(to);
    if (agent === null) return migrationRefused(engine, head, item, `revision ${to} cannot be loaded here`);
    const { rules: asked, by } = item.payload as MigrationMail;
    const replay = await replayOpen(engine, head, { revision: to, agent }, asked);
    if (!replay.survives) return migrationRefused(engine, head, item, whyNot(replay));
    const { rules } = replay;
    const data = { from: head.revision, to, by, ...(rules === undefined ? {} : { rules }) };
    return { type: "task.migrated", at: engine.senses.clock.now(), data };
  } catch (thrown) {
    const error = PlatformError.from(thrown);
    if (error.code === "STORE_UNAVAILABLE") throw error;
    return migrationRefused(engine, head, item, error.message);
  }
};

export const migrationRefused = (
  { senses }: Pick<TaskEngine, "senses">,
  head: TaskHead,
  { payload, unreadable }: MailboxItem,
  why: string,
): NewTaskEvent => {
  const { to, by, rules } =
    unreadable === undefined ? (payload as MigrationMail) : { to: "unknown", by: "unknown", rules: undefined };
  const data = { from: head.revision, to, by, ...(rules === undefined ? {} : { rules }), reason: bounded(why) };
  return { type: "task.migrationRefused", at: senses.clock.now(), data };
};

const bounded = (reason: string): string => (reason.length > MAX_REASON ? `${reason.slice(0, MAX_REASON)}…` : reason);
