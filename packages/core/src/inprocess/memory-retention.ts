/** Folding and removing on the tables in memory. */
import { isTerminal } from "@agentcore/contract";
import type {
  Compaction,
  CompactionOutcome,
  FoldedBlobs,
  Removal,
  Removed,
  RetentionQuery,
  RetentionRow,
} from "../ports/task-retention.ts";
import type { StoredEvent } from "../ports/task-store.ts";
import { byText, headOf, type MemoryTables, type MemoryTaskRow, taskKey } from "./memory-tables.ts";

const MAX_ROWS = 1000;

export const findForRetention = (
  tables: MemoryTables,
  { tenantId, kind, before, limit, after }: RetentionQuery,
): RetentionRow[] => {
  const rows: RetentionRow[] = [];
  for (const row of tables.tasks.values()) {
    const head = headOf(row);
    const ended = isTerminal(head.state);
    const at = kind === "removable" ? head.updatedAt : head.createdAt;
    const isOld = at < before && (!ended || head.updatedAt < before);
    const fits =
      kind === "removable"
        ? mayGo(tables, row)
        : ended
          ? !row.folded && head.seq > 1
          : head.checkpointSeq > head.floor + 1;
    if (head.tenantId !== tenantId || !isOld || !fits) continue;
    if (after === undefined || at > after.at || (at === after.at && head.taskId > after.taskId))
      rows.push({ head, at });
  }
  rows.sort((left, right) => left.at - right.at || byText(left.head.taskId, right.head.taskId));
  return rows.slice(0, Math.min(limit, MAX_ROWS));
};

/** `check` throws for an event that its reader would refuse. */
export const compactInMemory = (
  tables: MemoryTables,
  { floor, event, blobs, ...key }: Compaction<StoredEvent>,
  check: (event: StoredEvent) => void,
): CompactionOutcome => {
  const row = tables.tasks.get(taskKey(key.tenantId, key.taskId));
  if (row === undefined) return "missing";
  const { head } = row;
  const ended = isTerminal(head.state);
  if (floor < 1 || floor >= (ended ? head.seq : head.checkpointSeq)) return "refused";
  if (floor <= head.floor) return "unchanged";
  const { type, at, data } = event;
  const text = JSON.stringify({ seq: floor, at, type, data });
  check(JSON.parse(text));
  row.log.splice(0, floor + 1 - Math.max(1, head.floor), text);
  row.head = { ...head, floor };
  row.folded = ended && floor === head.seq - 1;
  if (blobs !== undefined) changeBlobs(row, blobs);
  return "compacted";
};

const changeBlobs = (row: MemoryTaskRow, { added, dropped, last }: FoldedBlobs): void => {
  if (row.folded && last !== undefined) row.blobs.clear();
  for (const name of dropped) row.blobs.delete(name);
  for (const name of [...added, ...(row.folded ? (last ?? []) : [])]) row.blobs.add(name);
};

export const removeInMemory = (tables: MemoryTables, { tenantId, taskIds, dryRun = false }: Removal): Removed => {
  const removed: string[] = [];
  let events = 0;
  let bytes = 0;
  for (const taskId of new Set(taskIds)) {
    const key = taskKey(tenantId, taskId);
    const row = tables.tasks.get(key);
    if (row === undefined || !mayGo(tables, row)) continue;
    removed.push(taskId);
    events += row.log.length;
    bytes += row.log.reduce((sum, text) => sum + text.length, 0);
    if (dryRun) continue;
    tables.tasks.delete(key);
    for (const [name, owner] of tables.idempotency)
      if (owner === taskId && (JSON.parse(name) as string[])[0] === tenantId) tables.idempotency.delete(name);
  }
  return { taskIds: removed, events, bytes };
};

/** It has ended, and nothing that runs rests on it. */
const mayGo = (tables: MemoryTables, { head }: MemoryTaskRow): boolean => {
  if (!isTerminal(head.state)) return false;
  const parent = head.parent === null ? undefined : tables.tasks.get(taskKey(head.tenantId, head.parent.taskId));
  return parent === undefined || isTerminal(parent.head.state);
};
