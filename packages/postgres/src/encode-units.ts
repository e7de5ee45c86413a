/** Commit units as `commit_units` reads them: one JSON document with the parts of all units side by side. */
import { isTerminal, PRIORITIES } from "@agentcore/contract";
import {
  type CommitUnit,
  type LogAppend,
  type NewTask,
  type ReservedAmount,
  type StoredEvent,
  statusTimeOf,
} from "@agentcore/core/ports";
import { checkLedgerParts, type LedgerParts } from "@agentcore/core/storage";
import { escapeText } from "./escape-text.ts";
import { toUsageRow, type UsageRow } from "./usage-row.ts";

type Row = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

interface Rows {
  readonly appends: Row[];
  readonly creates: Row[];
  readonly events: Row[];
  readonly mail: Row[];
  readonly outbox: Row[];
  readonly blobs: Row[];
}

/** The part of a unit that `keep_ledger` reads. */
interface LedgerRow {
  readonly tenant: string;
  readonly settle: readonly {
    readonly key: string | null;
    /** By account. */
    readonly amounts: Readonly<Record<string, number>>;
    readonly usage: UsageRow;
  }[];
  readonly reserve?: {
    readonly key: string;
    readonly expires: number;
    readonly amounts: readonly ReservedAmount[];
    readonly usage: UsageRow;
  };
}

/** A unit whose payloads are text already: serialised once, before anybody else's unit can be harmed by what JSON does not take. */
export interface PreparedUnit {
  readonly unit: CommitUnit<StoredEvent>;
  readonly rows: Rows;
  readonly ledger: LedgerRow | null;
  /** Keys of the heads that it appends to or sends mail to. */
  readonly heads: readonly string[];
  /** Whose tasks run one at a time, as far as it makes such tasks: names of (tenant, agent, context). */
  readonly contexts: readonly string[];
  /** In UTF-16 units of the payloads: enough to bound a batch. */
  readonly bytes: number;
}

/** Throws INVALID_ARGUMENT for what is out of bounds in the ledger's parts. */
export const prepareUnit = (unit: CommitUnit<StoredEvent>): PreparedUnit => {
  const rows: Rows = { appends: [], creates: [], events: [], mail: [], outbox: [], blobs: [] };
  addUnit(rows, unit);
  const parts = checkLedgerParts(unit);
  const ledger = parts === null ? null : ledgerRow(unit.tenantId, parts);
  const payloads = [
    ...rows.events.map(({ data }) => data),
    ...[...rows.mail, ...rows.outbox].map(({ payload }) => payload),
  ];
  const touched = [
    ...(unit.append === undefined ? [] : [unit.taskId ?? ""]),
    ...(unit.mail ?? []).map(({ taskId }) => taskId),
  ];
  // As the index of heads knows them (sql/0010-task-key.ts).
  const heads = touched.map((taskId) => `${escapeText(unit.tenantId)}\\t${escapeText(taskId)}`);
  const contexts = (unit.create ?? []).flatMap(({ agent, contextId, exclusive }) =>
    exclusive === true ? [`${escapeText(unit.tenantId)}\\t${agent}\\t${escapeText(contextId)}`] : [],
  );
  const ledgerBytes = ledger === null ? 0 : JSON.stringify(ledger).length;
  const bytes = payloads.reduce<number>((sum, text) => sum + String(text).length, ledgerBytes);
  return { unit, rows, ledger, heads, contexts, bytes };
};

const ledgerRow = (tenantId: string, { settle, reserve }: LedgerParts): LedgerRow => ({
  tenant: escapeText(tenantId),
  settle: settle.map(({ key, amounts, usage }) => ({
    key: key === null ? null : escapeText(key),
    amounts: Object.fromEntries(amounts.map(({ account, amount }) => [escapeText(account), amount])),
    usage: toUsageRow(tenantId, usage),
  })),
  ...(reserve === null
    ? {}
    : {
        reserve: {
          ...{ key: escapeText(reserve.key), expires: reserve.expiresAt, usage: toUsageRow(tenantId, reserve.usage) },
          amounts: reserve.amounts.map((each) => ({ ...each, account: escapeText(each.account) })),
        },
      }),
});

/** To be locked by a transaction of several batches before the first of them; null when there is nothing. */
export const encodeLedger = (units: readonly PreparedUnit[]): string | null => {
  const rows = ledgerRows(units);
  return rows.length === 0 ? null : JSON.stringify(rows);
};

const ledgerRows = (units: readonly PreparedUnit[]): readonly object[] =>
  units.flatMap(({ ledger }, index) => (ledger === null ? [] : [{ unit: index + 1, ...ledger }]));

/** To be locked before any head is (sql/functions/commit-units.ts). */
export const contextsOf = (units: readonly PreparedUnit[]): readonly string[] => [
  ...new Set(units.flatMap(({ contexts }) => contexts)),
];

/** Places of units in the batch, and of creates in it, count from 1. `checks`, `consumes` and `ends` say what there is to look for at all. */
export const encodeUnits = (units: readonly PreparedUnit[]): string => {
  const all = (part: keyof Rows): Row[] =>
    units.flatMap(({ rows }, index) => rows[part].map((row) => ({ unit: index + 1, ...row })));
  const [appends, creates] = [all("appends"), all("creates")];
  let bornBefore = 0;
  const events = units.flatMap(({ rows }, index) => {
    const first = bornBefore;
    bornBefore += rows.creates.length;
    return rows.events.map(({ create, ...row }) => ({
      unit: index + 1,
      ...row,
      born: create === null ? null : first + Number(create),
    }));
  });
  const ledger = ledgerRows(units);
  const delivers = units.flatMap(({ unit }, index) =>
    (unit.delivers ?? []).map((position) => ({ unit: index + 1, tenant: escapeText(unit.tenantId), position })),
  );
  const appended = units.flatMap(({ unit: { append } }) => (append === undefined ? [] : [append]));
  return JSON.stringify({
    count: units.length,
    contexts: contextsOf(units),
    checks: appended.some(({ requireEmptyMailbox }) => requireEmptyMailbox),
    consumes: appended.some(({ consume }) => consume.length > 0),
    ends: appended.some(({ state }) => isTerminal(state)),
    appends,
    creates,
    events,
    mail: all("mail"),
    outbox: all("outbox"),
    blobs: all("blobs"),
    ...(ledger.length === 0 ? {} : { ledger }),
    ...(delivers.length === 0 ? {} : { delivers }),
  });
};

const addUnit = (
  rows: Rows,
  { tenantId, taskId = "", append, create = [], mail = [], outbox = [], blobs = [] }: CommitUnit<StoredEvent>,
): void => {
  const tenant = escapeText(tenantId);
  if (append !== undefined) {
    const task = escapeText(taskId);
    const {
      expect,
      events,
      state,
      checkpointSeq = null,
      revision = null,
      consume,
      requireEmptyMailbox,
      release,
    } = append;
    rows.appends.push({
      ...{
        tenant,
        task,
        seq: expect.seq,
        token: expect.token,
        count: events.length,
        state,
        checkpoint: checkpointSeq,
        revision,
      },
      ...{ empty: requireEmptyMailbox, releases: release !== undefined, due: release?.dueAt ?? null },
      ...{ changed: statusTimeOf(events, state) ?? null, consume: consume.map(escapeText) },
    });
    addEvents(rows, null, expect.seq, events);
  }
  for (const task of create) addTask(rows, tenant, task);
  for (const item of mail) {
    rows.mail.push({
      ...{ tenant, task: escapeText(item.taskId), key: escapeText(item.key), kind: item.kind },
      ...{ payload: jsonText(item.payload), refuse: item.ifTerminal === "refuse" },
    });
  }
  for (const row of outbox)
    rows.outbox.push({ tenant, id: escapeText(row.id), kind: row.kind, payload: jsonText(row.payload) });
  for (const { taskId: task, name } of blobs)
    rows.blobs.push({ tenant, task: escapeText(task), born: append === undefined || task !== taskId, name });
};

const addTask = (rows: Rows, tenant: string, given: NewTask<StoredEvent>): void => {
  const task = escapeText(given.taskId);
  const { claimed, events, parent } = given;
  rows.creates.push({
    ...{ tenant, task, agent: given.agent, revision: given.revision, context: escapeText(given.contextId) },
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
      changed: statusTimeOf(events, claimed?.state ?? "submitted") ?? given.createdAt,
    },
  });
  addEvents(rows, rows.creates.length, 0, events);
};

/** `create`: place of the new task among those of its unit, null for the task that the unit appends to. */
const addEvents = (
  rows: Rows,
  create: number | null,
  after: number,
  events: LogAppend<StoredEvent>["events"],
): void => {
  for (const [index, { type, at, data }] of events.entries())
    rows.events.push({ create, seq: after + index + 1, type, at, data: jsonText(data) });
};

const jsonText = (value: unknown): string => JSON.stringify(value) ?? "null";
