/** Logs of tasks as all that is asked of them reads them: what ended a moment ago from memory, the others a few at a time, tenants in turn. */
import type { TaskEvent } from "@agentcore/contract";
import type { LogPage, TaskKey } from "../ports/index.ts";
import type { TaskEngine } from "./engine.ts";
import { READ_BATCH, READ_BYTES, type ReadableLogs } from "./log-reader.ts";
import { SharedDelay } from "./shared-delay.ts";
import { TenantTurns } from "./tenant-turns.ts";

// A hint is missed when the node that wrote is lost before it could tell: readers then go on as late as that node's tasks do.
export const FOLLOW_POLL_MS = 10_000;
// With what pages take while they are parsed, below 300 MB; a short log is read in a millisecond.
const READS_AT_ONCE = 8;
const MAX_WAITING_CALLS = 1000;
// More than a node serves, each of which waits for one thing: that they begin together again, or hear of the same, refuses none.
const MAX_WAITING_STREAMS = 20_000;
const READ_ALREADY = "the logs that are read already";

export interface TaskLogs {
  /** What ended a moment ago is given as it is, also with what is to be left out. */
  read(key: TaskKey, page?: LogPage): Promise<readonly TaskEvent[]>;
  /** The log after a number, page by page, as far as it goes now. */
  readAll(key: TaskKey, after: number, without?: readonly TaskEvent["type"][]): AsyncGenerator<TaskEvent, void>;
  /** For whatever reads events that may be large and keeps little of them. Throws OVERLOADED when too many wait. */
  inTurn<Result>(key: TaskKey, work: () => Promise<Result>): Promise<Result>;
  /** For those who follow them. */
  readonly readable: ReadableLogs;
}

export const createTaskLogs = (engine: TaskEngine): TaskLogs => {
  const { store, senses, hub, recent } = engine;
  /** What ended a moment ago is in memory anyhow. */
  const turnsOf =
    (turns: TenantTurns) =>
    <Result>(key: TaskKey, work: () => Promise<Result>): Promise<Result> =>
      recent.get(key) === undefined ? turns.run(key.tenantId, work) : work();
  const inTurn = turnsOf(new TenantTurns({ what: READ_ALREADY, places: READS_AT_ONCE, maxWaiting: MAX_WAITING_CALLS }));

  const read = async (
    key: TaskKey,
    { after = 0, limit, maxBytes, without }: LogPage = {},
  ): Promise<readonly TaskEvent[]> => {
    const known = recent.get(key);
    if (known !== undefined) return known.events.slice(after, limit === undefined ? undefined : after + limit);
    return store.readLog(key, {
      after,
      ...(limit === undefined ? {} : { limit }),
      ...(maxBytes === undefined ? {} : { maxBytes }),
      ...(without === undefined ? {} : { without }),
    });
  };

  async function* readAll(
    key: TaskKey,
    after: number,
    without: readonly TaskEvent["type"][] = [],
  ): AsyncGenerator<TaskEvent, void> {
    for (let from = after; ; ) {
      const page = await read(key, { after: from, limit: READ_BATCH, maxBytes: READ_BYTES, without });
      if (page.length === 0) return;
      yield* page;
      from = page.at(-1)?.seq ?? from;
    }
  }
  const readable: ReadableLogs = {
    hub,
    looks: new SharedDelay(FOLLOW_POLL_MS, senses.clock),
    readLog: read,
    pageInTurn: turnsOf(turnsOfStreams()),
    foldInTurn: turnsOf(turnsOfStreams()),
    head: (key) => store.head(key),
    textsAfter: (key, after) => engine.residents.get(key)?.textsAfter(after) ?? [],
  };

  return { read, readAll, inTurn, readable };
};

const turnsOfStreams = (): TenantTurns =>
  new TenantTurns({ what: READ_ALREADY, places: READS_AT_ONCE, maxWaiting: MAX_WAITING_STREAMS });
