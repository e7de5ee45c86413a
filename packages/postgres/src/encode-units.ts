/** Commit units as `commit_units` reads them: one JSON document with the parts of all units side by side. */
import { PRIORITIES } from "@agentcore/contract";
import type { CommitUnit, LogAppend, NewTask } from "@agentcore/core/ports";
import { escapeText } from "./escape-text.ts";

type Row = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

interface Rows {
  readonly appends: Row[];
  readonly creates: Row[];
  readonly events: Row[];
  readonly mail: Row[];
  readonly outbox: Row[];
}

export const encodeUnits = (units: readonly CommitUnit[]): string => {
  const rows: Rows = { appends: [], creates: [], events: [], mail: [], outbox: [] };
  for (const [index, unit] of units.entries()) addUnit(rows, index + 1, unit);
  return JSON.stringify({ count: units.length, ...rows });
};

const addUnit = (
  rows: Rows,
  unit: number,
  { tenantId, taskId = "", append, create = [], mail = [], outbox = [] }: CommitUnit,
): void => {
  const tenant = escapeText(tenantId);
  if (append !== undefined) {
    const task = escapeText(taskId);
    const { expect, events, state, checkpointSeq = null, consume, requireEmptyMailbox, release } = append;
    rows.appends.push({
      ...{
        unit,
        tenant,
        task,
        seq: expect.seq,
        token: expect.token,
        count: events.length,
        state,
        checkpoint: checkpointSeq,
      },
      ...{ empty: requireEmptyMailbox, releases: release !== undefined, due: release?.dueAt ?? null },
      ...{ changed: events.at(-1)?.at ?? null, consume: consume.map(escapeText) },
    });
    addEvents(rows, { unit, tenant, task, born: false }, expect.seq, events);
  }
  for (const task of create) addTask(rows, unit, tenant, task);
  for (const item of mail) {
    rows.mail.push({
      ...{ unit, tenant, task: escapeText(item.taskId), key: escapeText(item.key), kind: item.kind },
      ...{ payload: jsonText(item.payload), refuse: item.ifTerminal === "refuse" },
    });
  }
  for (const row of outbox)
    rows.outbox.push({ unit, tenant, id: escapeText(row.id), kind: row.kind, payload: jsonText(row.payload) });
};

const addTask = (rows: Rows, unit: number, tenant: string, given: NewTask): void => {
  const task = escapeText(given.taskId);
  const { claimed, events, parent } = given;
  rows.creates.push({
    ...{ unit, tenant, task, agent: given.agent, revision: given.revision, context: escapeText(given.contextId) },
    ...{ caller: escapeText(given.caller), priority: PRIORITIES.indexOf(given.priority), deadline: given.deadline },
    ...{
      parent_task: parent === null ? null : escapeText(parent.taskId),
      parent_path: parent === null ? null : escapeText(parent.path),
    },
    ...{
      due: given.dueAt,
      created: given.createdAt,
      ignore: given.ifExists === "ignore",
      exclusive: given.exclusive === true,
    },
    ...{ key: given.idempotencyKey === undefined ? null : escapeText(given.idempotencyKey) },
    ...{
      claimed: claimed?.state ?? null,
      checkpoint: claimed?.checkpointSeq ?? 0,
      releases: claimed?.release !== undefined,
    },
    ...{
      release_due: claimed?.release?.dueAt ?? null,
      count: events.length,
      changed: events.at(-1)?.at ?? given.createdAt,
    },
  });
  addEvents(rows, { unit, tenant, task, born: true }, 0, events);
};

const addEvents = (rows: Rows, of: Row, after: number, events: LogAppend["events"]): void => {
  for (const [index, { type, at, data }] of events.entries())
    rows.events.push({ ...of, seq: after + index + 1, type, at, data: jsonText(data) });
};

const jsonText = (value: unknown): string => JSON.stringify(value) ?? "null";
