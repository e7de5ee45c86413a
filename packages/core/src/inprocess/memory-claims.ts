/** Which due tasks of the store in memory run next: tenants in turn, then the most urgent, as many of an agent as it has slots. */
import { isTerminal, PRIORITIES } from "@agentcore/contract";
import { type ClaimedTask, type ClaimRequest, PRIORITY_STEP_MS } from "../ports/task-store.ts";
import {
  byText,
  compose,
  headOf,
  type MemoryTables,
  type MemoryTaskRow,
  mailboxOf,
  type StoredHead,
} from "./memory-tables.ts";

/** Leases them. */
export const claimInMemory = (tables: MemoryTables, request: ClaimRequest): ClaimedTask[] => {
  const lease = (row: MemoryTaskRow): ClaimedTask => {
    row.head = { ...row.head, token: row.head.token + 1, attempts: row.head.attempts + 1 };
    row.leased = true;
    return { head: headOf(row), mailbox: mailboxOf(row) };
  };
  const claimed = [...tables.tasks.values()]
    .filter((row) => isToEnd(row, request.now))
    .slice(0, request.limit)
    .map(lease);
  const waiting = waitingByTenant(tables, request);
  for (const tenantId of tenantsInTurn(tables, waiting, request.limit - claimed.length)) {
    const row = waiting.get(tenantId)?.shift();
    if (row === undefined) continue;
    tables.lastTenant = tenantId;
    claimed.push(lease(row));
  }
  return claimed;
};

/** Has not begun, and need not: canceled, or too late. */
const isToEnd = ({ head: { state, deadline }, leased, mail }: MemoryTaskRow, now: number): boolean =>
  state === "submitted" &&
  !leased &&
  ((deadline !== null && deadline <= now) ||
    [...mail.values()].some(({ kind, consumed }) => kind === "cancel" && !consumed));

/** What may be claimed now, by tenant, the most urgent first; of each agent no more than it has slots. */
const waitingByTenant = (tables: MemoryTables, request: ClaimRequest): Map<string, MemoryTaskRow[]> => {
  const occupied = new Set<string>();
  const due: MemoryTaskRow[] = [];
  for (const row of tables.tasks.values()) {
    const { tenantId, agent, contextId, dueAt, state } = row.head;
    const context = compose(tenantId, agent, contextId);
    const isFree = !row.exclusive || !occupied.has(context);
    if (row.exclusive && !isTerminal(state)) occupied.add(context);
    if (isFree && !row.leased && dueAt !== null && dueAt <= request.now) due.push(row);
  }
  const slots = new Map(request.slots);
  const waiting = new Map<string, MemoryTaskRow[]>();
  for (const row of due.sort(byUrgency)) {
    const { tenantId, agent } = row.head;
    const free = slots.get(`${tenantId}/${agent}`) ?? request.otherSlots ?? request.limit;
    if (free <= 0) continue;
    slots.set(`${tenantId}/${agent}`, free - 1);
    waiting.set(tenantId, [...(waiting.get(tenantId) ?? []), row]);
  }
  return waiting;
};

/** Tenants in alphabetical turn, beginning after the one served last, as often as somebody waits, `limit` in all. */
function* tenantsInTurn(
  { lastTenant }: MemoryTables,
  waiting: ReadonlyMap<string, readonly MemoryTaskRow[]>,
  limit: number,
): Generator<string> {
  const sorted = [...waiting.keys()].sort(byText);
  const turn = [
    ...sorted.filter((tenantId) => tenantId > lastTenant),
    ...sorted.filter((tenantId) => tenantId <= lastTenant),
  ];
  let left = limit;
  while (left > 0) {
    const round = turn.filter((tenantId) => (waiting.get(tenantId)?.length ?? 0) > 0).slice(0, left);
    if (round.length === 0) return;
    left -= round.length;
    yield* round;
  }
}

const byUrgency = ({ head: left }: MemoryTaskRow, { head: right }: MemoryTaskRow): number =>
  urgency(left) - urgency(right);

const urgency = ({ dueAt, priority }: StoredHead): number =>
  (dueAt ?? 0) - PRIORITIES.indexOf(priority) * PRIORITY_STEP_MS;
