/** Which due tasks of the store in memory run next: tenants by their turns, then the most urgent, as many of an agent as it has slots. */
import { isTerminal, PRIORITIES } from "@agentcore/contract";
import { type ClaimedTask, type ClaimRequest, PRIORITY_STEP_MS } from "../ports/task-store.ts";
import { takeInTurn } from "../storage/index.ts";
import { compose, headOf, type MemoryTables, type MemoryTaskRow, mailboxOf, type StoredHead } from "./memory-tables.ts";

/** Leases them. */
export const claimInMemory = (tables: MemoryTables, request: ClaimRequest): ClaimedTask[] => {
  let read = 0;
  const lease = (row: MemoryTaskRow): ClaimedTask => {
    row.head = { ...row.head, token: row.head.token + 1, attempts: row.head.attempts + 1 };
    row.leased = true;
    const { items, bytes } = mailboxOf(row, read);
    read = bytes;
    return { head: headOf(row), mailbox: items };
  };
  const claimed = [...tables.tasks.values()]
    .filter((row) => isToEnd(row, request.now))
    .slice(0, request.limit)
    .map(lease);
  const waiting = takeInTurn(waitingByTenant(tables, request), request, request.limit - claimed.length);
  return [...claimed, ...waiting.map(lease)];
};

/** Has not begun, and need not: canceled, or too late. Or was given up, and is canceled. */
const isToEnd = ({ head: { state, deadline }, leased, mail }: MemoryTaskRow, now: number): boolean => {
  if (leased || (state !== "submitted" && state !== "parked")) return false;
  const isLate = state === "submitted" && deadline !== null && deadline <= now;
  return isLate || [...mail.values()].some(({ kind, consumed }) => kind === "cancel" && !consumed);
};

/** What may be claimed now, by tenant, the most urgent first; of each agent no more than it has slots and is allowed. */
const waitingByTenant = (
  tables: MemoryTables,
  request: ClaimRequest,
): Map<string, { rows: MemoryTaskRow[]; room: number }> => {
  const occupied = new Set<string>();
  const leased = new Map<string, number>();
  const count = (key: string): void => void leased.set(key, (leased.get(key) ?? 0) + 1);
  const due: MemoryTaskRow[] = [];
  for (const row of tables.tasks.values()) {
    const { tenantId, agent, caller, contextId, dueAt, state } = row.head;
    const context = compose(tenantId, agent, caller, contextId);
    const isFree = !row.exclusive || !occupied.has(context);
    if (row.exclusive && !isTerminal(state)) occupied.add(context);
    if (isFree && !row.leased && dueAt !== null && dueAt <= request.now) due.push(row);
    if (row.leased) for (const key of [compose(tenantId), agentOf(row)]) count(key);
  }
  const slots = new Map(request.slots);
  const waiting = new Map<string, { rows: MemoryTaskRow[]; room: number }>();
  for (const row of due.sort(byUrgency)) {
    const { tenantId } = row.head;
    const agent = agentOf(row);
    const allowed = (request.maxLeased?.get(agent) ?? Infinity) - (leased.get(agent) ?? 0);
    const free = Math.min(slots.get(agent) ?? request.otherSlots ?? request.limit, allowed);
    if (free <= 0) continue;
    slots.set(agent, free - 1);
    const room = (request.tenants?.get(tenantId)?.maxLeased ?? Infinity) - (leased.get(compose(tenantId)) ?? 0);
    const tenant = waiting.get(tenantId) ?? { rows: [], room };
    tenant.rows.push(row);
    waiting.set(tenantId, tenant);
  }
  return waiting;
};

const agentOf = ({ head: { tenantId, agent } }: MemoryTaskRow): string => `${tenantId}/${agent}`;

const byUrgency = ({ head: left }: MemoryTaskRow, { head: right }: MemoryTaskRow): number =>
  urgency(left) - urgency(right);

const urgency = ({ dueAt, priority }: StoredHead): number =>
  (dueAt ?? 0) - PRIORITIES.indexOf(priority) * PRIORITY_STEP_MS;
