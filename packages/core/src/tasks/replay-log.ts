/** What a replay needs of a log, however long it is: the submission, and what came after the last checkpoint. */
import { PlatformError, type TaskEvent } from "@agentcore/contract";
import { sizeOf } from "../payloads/json-size.ts";
import type { TaskHead, TaskStore } from "../ports/index.ts";
import { afterMigrations } from "./migration-rules.ts";

export interface ReadBounds {
  /** Of payloads, in about as many characters as they have in JSON. @default none */
  readonly maxSize?: number | undefined;
}

/** As the revision that the task has now is to read it. Throws TOO_LARGE over the bounds. */
export const readForReplay = async (
  store: Pick<TaskStore, "readLog">,
  head: TaskHead,
  bounds: ReadBounds = {},
): Promise<readonly TaskEvent[]> => afterMigrations(await readSinceCheckpoint(store, head, bounds));

const readSinceCheckpoint = async (
  store: Pick<TaskStore, "readLog">,
  head: TaskHead,
  bounds: ReadBounds,
): Promise<readonly TaskEvent[]> => {
  if (head.checkpointSeq === 0) return readOn(store, head, 0, bounds);
  const [first, rest] = await Promise.all([
    store.readLog(head, { limit: 1 }),
    readOn(store, head, head.checkpointSeq - 1, bounds),
  ]);
  return [...first, ...rest];
};

/** Up to the head, in as many pages as it takes: one step or cancel left out would run again, or be passed over (I2, I3). */
const readOn = async (
  store: Pick<TaskStore, "readLog">,
  head: TaskHead,
  from: number,
  { maxSize = Number.POSITIVE_INFINITY }: ReadBounds,
): Promise<readonly TaskEvent[]> => {
  const events: TaskEvent[] = [];
  let size = 0;
  for (let after = from; after < head.seq; ) {
    const page = await store.readLog(head, { after });
    const last = page.at(-1);
    if (last === undefined)
      throw new PlatformError("INTERNAL", `the log ends at ${after}, before its head ${head.seq}`);
    for (const event of page) events.push(event);
    after = last.seq;
    if (maxSize === Number.POSITIVE_INFINITY) continue;
    for (const event of page) size += sizeOf(event.data);
    if (size > maxSize) throw logTooLarge(head, maxSize);
  }
  return events;
};

export const logTooLarge = ({ taskId }: Pick<TaskHead, "taskId">, maxSize: number): PlatformError =>
  new PlatformError(
    "TOO_LARGE",
    `what task ${taskId} has recorded since its checkpoint is over ${maxSize} characters`,
    {
      details: { taskId },
    },
  );
