import type { TaskKey } from "../ports/index.ts";
import type { AgentHost } from "./agent-host.ts";
import type { Execution } from "./execution.ts";
import { keyOf } from "./log-hub.ts";

interface Slots {
  taken: number;
  /** The largest of the revisions running here, for agents that are not declared here any more. */
  concurrency: number;
}

const NO_SLOTS: Readonly<Slots> = { taken: 0, concurrency: 0 };
// An agent nobody has declared here tells its concurrency when its code is loaded: until then one task at a time.
const UNKNOWN_CAPACITY = 1;

/** The tasks in this process's memory, and how many more fit: in all, and of each agent. */
export class Residents {
  private readonly tasks = new Map<string, Execution>();
  private readonly slots = new Map<string, Slots>();
  /** Agents with tasks that wait in the store: new work queues behind those instead of taking the next free slot. */
  private readonly queued = new Set<string>();
  private readonly host: AgentHost;
  private readonly max: number;

  constructor(host: AgentHost, max: number) {
    this.host = host;
    this.max = max;
  }

  get size(): number {
    return this.tasks.size;
  }

  /** How many more tasks fit, whosever they are. */
  get room(): number {
    return Math.max(0, this.max - this.tasks.size);
  }

  get(key: TaskKey): Execution | undefined {
    return this.tasks.get(keyOf(key));
  }

  all(): readonly Execution[] {
    return [...this.tasks.values()];
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

  /** False when it was not there. */
  remove(execution: Execution): boolean {
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

  /** A slot is free; `concurrency` is that of the revision about to run, for agents not declared here. */
  hasSlot(tenantId: string, agent: string, concurrency: number): boolean {
    const key = agentKey(tenantId, agent);
    const slots = this.slots.get(key) ?? NO_SLOTS;
    // Never less than a claim was told, or the two would hand a task to and fro.
    return slots.taken < (this.host.capacities.get(key) ?? Math.max(slots.concurrency, concurrency));
  }

  /** New work may run at once: there is room, a slot, and nobody who came before waits for it. */
  admits(tenantId: string, agent: string, concurrency: number): boolean {
    return this.room > 0 && !this.queued.has(agentKey(tenantId, agent)) && this.hasSlot(tenantId, agent, concurrency);
  }

  /** A task of the agent (`tenant/agent`) waits in the store. */
  queue(agent: string): void {
    this.queued.add(agent);
  }

  /** A claim with free slots brought nobody: nobody waits. */
  unqueue(agent: string): void {
    this.queued.delete(agent);
  }

  /** Somebody waits for the slot this task has, or could not have got one. */
  isScarceFor({ head: { tenantId, agent }, loaded }: Execution): boolean {
    return (
      this.room === 0 ||
      this.queued.has(agentKey(tenantId, agent)) ||
      !this.hasSlot(tenantId, agent, loaded.concurrency)
    );
  }

  queuedAgents(): readonly string[] {
    return [...this.queued];
  }

  /** Free slots by `tenant/agent`, for agents that are declared here or run here; others get `UNKNOWN_CAPACITY`. */
  freeSlots(): { readonly of: ReadonlyMap<string, number>; readonly others: number } {
    const of = new Map(this.host.capacities);
    for (const [agent, { taken, concurrency }] of this.slots)
      of.set(agent, Math.max(0, (of.get(agent) ?? concurrency) - taken));
    return { of, others: UNKNOWN_CAPACITY };
  }
}

export const agentKey = (tenantId: string, agent: string): string => `${tenantId}/${agent}`;
