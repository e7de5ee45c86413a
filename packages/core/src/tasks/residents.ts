import type { TaskKey } from "../ports/index.ts";
import type { AgentHost } from "./agent-host.ts";
import type { Execution } from "./execution.ts";
import { keyOf } from "./log-hub.ts";
import { TurnoverMap } from "./turnover-map.ts";

interface Slots {
  taken: number;
  /** The largest of the revisions running here, for agents that are not declared here any more. */
  concurrency: number;
}

const NO_SLOTS: Readonly<Slots> = { taken: 0, concurrency: 0 };
// An agent nobody has declared here tells its concurrency when its code is loaded: until then one task at a time.
const UNKNOWN_CAPACITY = 1;

/** A place kept for a task that was claimed and is on its way into memory. */
export interface Reservation {
  /** Gives the place free: the task is in memory now, or will not be. Idempotent. */
  release(): void;
}

/** The tasks in this process's memory, and how many more fit: in all, and of each agent. */
export class Residents {
  private readonly tasks = new TurnoverMap<string, Execution>();
  private readonly slots = new Map<string, Slots>();
  private readonly reserved = new Map<string, number>();
  private reservations = 0;
  /**
   * Agents whose tasks may wait in the store, with the number of the mark: new work queues behind those instead of taking
   * the next free slot.
   */
  private readonly queued = new Map<string, number>();
  private marks = 0;
  /** Memory was full: whoever waits in the store comes first, whatever agent it is of. */
  private isContested = false;
  /** False: nobody comes in, whatever slots there are. */
  private open = true;
  private readonly host: AgentHost;
  private readonly max: number;

  constructor(host: AgentHost, max: number) {
    this.host = host;
    this.max = max;
  }

  get size(): number {
    return this.tasks.size;
  }

  /** From now on nobody comes in; who is here stays until it ends or leaves. */
  close(): void {
    this.open = false;
  }

  reopen(): void {
    this.open = true;
  }

  get isOpen(): boolean {
    return this.open;
  }

  /** How many more tasks fit, whosever they are. */
  get room(): number {
    return this.open ? Math.max(0, this.max - this.tasks.size - this.reservations) : 0;
  }

  get(key: TaskKey): Execution | undefined {
    return this.tasks.get(keyOf(key));
  }

  /** How many of each agent are in memory. */
  byAgent(): readonly { readonly tenantId: string; readonly agent: string; readonly tasks: number }[] {
    const counts = new Map<string, { readonly tenantId: string; readonly agent: string; tasks: number }>();
    for (const { head } of this.tasks.values()) {
      const key = agentKey(head.tenantId, head.agent);
      const count = counts.get(key) ?? { tenantId: head.tenantId, agent: head.agent, tasks: 0 };
      counts.set(key, count);
      count.tasks += 1;
    }
    return [...counts.values()];
  }

  all(): readonly Execution[] {
    return this.tasks.values();
  }

  add(execution: Execution): void {
    const { head, loaded } = execution;
    this.tasks.set(keyOf(head), execution);
    const agent = agentKey(head.tenantId, head.agent);
    const slots = this.slots.get(agent);
    if (slots === undefined) this.slots.set(agent, { taken: 1, concurrency: loaded.concurrency });
    else {
      slots.taken += 1;
      slots.concurrency = Math.max(slots.concurrency, loaded.concurrency);
    }
  }

  private remove(execution: Execution): boolean {
    const key = keyOf(execution.head);
    if (this.tasks.get(key) !== execution) return false;
    this.tasks.delete(key);
    const agent = agentKey(execution.head.tenantId, execution.head.agent);
    const slots = this.slots.get(agent);
    if (slots !== undefined && --slots.taken === 0) this.slots.delete(agent);
    return true;
  }

  clear(): void {
    this.tasks.clear();
    this.slots.clear();
  }

  reserve(agent: string): Reservation {
    this.reservations += 1;
    this.reserved.set(agent, (this.reserved.get(agent) ?? 0) + 1);
    let isHeld = true;
    return {
      release: () => {
        if (!isHeld) return;
        isHeld = false;
        this.reservations -= 1;
        const left = (this.reserved.get(agent) ?? 1) - 1;
        if (left > 0) this.reserved.set(agent, left);
        else this.reserved.delete(agent);
      },
    };
  }

  /** A slot is free; `concurrency` is that of the revision about to run, for agents not declared here. */
  hasSlot(tenantId: string, agent: string, concurrency: number): boolean {
    if (!this.open) return false;
    const key = agentKey(tenantId, agent);
    const slots = this.slots.get(key) ?? NO_SLOTS;
    // Never less than a claim was told, or the two would hand a task to and fro.
    const capacity = this.host.capacities.get(key) ?? Math.max(slots.concurrency, concurrency);
    return slots.taken + (this.reserved.get(key) ?? 0) < capacity;
  }

  /** New work may run at once: there is room, a slot, and nobody who came before waits for it. */
  admits(tenantId: string, agent: string, concurrency: number): boolean {
    if (this.room === 0 || this.isContested || this.queued.has(agentKey(tenantId, agent))) return false;
    return this.hasSlot(tenantId, agent, concurrency);
  }

  /** Tasks of the agent (`tenant/agent`) may wait in the store; the next claim tells. */
  queue(agent: string): void {
    this.queued.set(agent, ++this.marks);
  }

  /** A claim that began after that mark had slots left over for the agent: nobody waits. */
  unqueue(agent: string, mark: number): void {
    if (this.queued.get(agent) === mark) this.queued.delete(agent);
  }

  isQueued(agent: string): boolean {
    return this.queued.has(agent);
  }

  queuedAgents(): readonly (readonly [agent: string, mark: number])[] {
    return [...this.queued];
  }

  /** A claim brought less than there was room for. */
  uncontest(): void {
    this.isContested = false;
  }

  /** Out of memory. True when somebody may wait for the place: it is offered to those in the store first. */
  release(execution: Execution): { readonly wasHere: boolean; readonly isWanted: boolean } {
    const { tenantId, agent } = execution.head;
    const key = agentKey(tenantId, agent);
    const wasFull = this.room === 0;
    const hadNoSlot = !this.hasSlot(tenantId, agent, execution.loaded.concurrency);
    const wasHere = this.remove(execution);
    if (!wasHere) return { wasHere, isWanted: false };
    if (wasFull) this.isContested = true;
    if (hadNoSlot) this.queue(key);
    return { wasHere, isWanted: wasFull || hadNoSlot || this.queued.has(key) };
  }

  /** Free slots by `tenant/agent`, for agents that are declared here or run here; others get `UNKNOWN_CAPACITY`. */
  freeSlots(): { readonly of: ReadonlyMap<string, number>; readonly others: number } {
    const of = new Map(this.host.capacities);
    for (const [agent, { taken, concurrency }] of this.slots)
      of.set(agent, Math.max(0, (of.get(agent) ?? concurrency) - taken));
    for (const [agent, count] of this.reserved) of.set(agent, Math.max(0, (of.get(agent) ?? UNKNOWN_CAPACITY) - count));
    return { of, others: UNKNOWN_CAPACITY };
  }
}

export const agentKey = (tenantId: string, agent: string): string => `${tenantId}/${agent}`;
