import type { CommitUnit, StoredEvent } from "@agentcore/core/ports";

/**
 * Splits units, keeping their order, so that no two of a batch touch the same task, recipient, idempotency key, key of a reservation or row of the
 * outbox: within a batch all parts are checked before any is written, so one unit could not see what another has just written.
 */
export const splitUnits = <Item extends { readonly unit: CommitUnit<StoredEvent> }>(
  items: readonly Item[],
): Item[][] => {
  const batches: Item[][] = [];
  let batch: Item[] = [];
  let touched = new Set<string>();
  for (const item of items) {
    const keys = touchedBy(item.unit);
    if (keys.some((key) => touched.has(key))) {
      batches.push(batch);
      batch = [];
      touched = new Set();
    }
    batch.push(item);
    for (const key of keys) touched.add(key);
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
};

const touchedBy = ({
  tenantId,
  taskId,
  append,
  create = [],
  mail = [],
  reserve,
  settle = [],
  delivers = [],
}: CommitUnit<StoredEvent>): string[] => {
  const tasks = [
    ...(append === undefined ? [] : [taskId ?? ""]),
    ...create.map((task) => task.taskId),
    ...mail.map((item) => item.taskId),
  ];
  const keys = create.flatMap(({ caller, idempotencyKey }) =>
    idempotencyKey === undefined ? [] : [[caller, idempotencyKey]],
  );
  const reservations = new Set([
    ...(reserve === undefined ? [] : [reserve.key]),
    ...settle.flatMap(({ key }) => (key === null ? [] : [key])),
  ]);
  return [
    ...tasks.map((task) => JSON.stringify([tenantId, task])),
    ...keys.map((key) => JSON.stringify([tenantId, ...key, "key"])),
    ...delivers.map((position) => JSON.stringify([position, "delivery"])),
    ...[...reservations].map((key) => JSON.stringify([tenantId, key, "reservation"])),
  ];
};
