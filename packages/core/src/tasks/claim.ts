/**
 * Claim, the first phase: leases tasks that are due, as many as there are slots for.
 *
 * It is woken by hints (mail, a freed slot, a new task), by due times and by a sweep for what both missed. A claim whose
 * answer was lost may have leased tasks that nobody here knows of; they are found by comparing the store's leases with
 * what is in memory (I10).
 */
import { PlatformError } from "@agentcore/contract";
import type { ClaimedTask, Timer } from "../ports/index.ts";
import type { TaskEngine } from "./engine.ts";
import { agentKey } from "./residents.ts";
import { TenantShares } from "./tenant-shares.ts";
import { Trouble } from "./trouble.ts";

const CLAIM_BATCH = 200;
// The loop is woken by hints and due times; this is for what both missed.
const SWEEP_MS = 500;

export class Claims {
  private readonly engine: TaskEngine;
  private readonly outsideAwaitMs: number;
  private readonly lateWriteMs: number;
  private readonly failing: Trouble;
  private readonly shares = new TenantShares();
  private isClaiming = false;
  private again = false;
  /** A claim failed and may have been written all the same. */
  private inDoubt = false;
  private sweepTimer: Timer | null = null;
  private lateTimer: Timer | null = null;
  private stopped = true;
  private running: Promise<void> | null = null;

  constructor(engine: TaskEngine, outsideAwaitMs: number, lateWriteMs: number) {
    this.engine = engine;
    this.outsideAwaitMs = outsideAwaitMs;
    this.lateWriteMs = lateWriteMs;
    this.failing = new Trouble(engine.senses.logger, "cannot claim tasks");
  }

  /** Why the last claim failed, or null. */
  get trouble(): PlatformError | null {
    return this.failing.current;
  }

  /** A claim is under way, and may bring tasks. */
  get isBusy(): boolean {
    return this.isClaiming;
  }

  start(): void {
    this.stopped = false;
    this.sweep();
    this.wake();
  }

  /** Resolves when no claim is under way any more; what one brought is given back. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.sweepTimer?.cancel();
    this.lateTimer?.cancel();
    await this.running;
  }

  /** Something may be due. */
  wake(): void {
    if (this.stopped) return;
    if (this.isClaiming) {
      this.again = true;
      return;
    }
    this.isClaiming = true;
    // One turn later, so that a burst of hints makes one claim.
    this.running = this.engine.senses.clock.turn().then(() => this.run());
  }

  /** There may be leases of ours that nothing in memory answers to (I10). */
  doubt(): void {
    this.inDoubt = true;
    this.wake();
  }

  /** As `doubt`, when a write that failed has been carried out all the same, or never will be. */
  doubtLater(): void {
    if (this.stopped) return;
    // From the last failure on.
    this.lateTimer?.cancel();
    this.lateTimer = this.engine.senses.clock.after(this.lateWriteMs, () => this.doubt());
  }

  /** Something will be due then; null is never. */
  wakeAt(dueAt: number | null): void {
    if (dueAt === null || this.stopped) return;
    const { clock } = this.engine.senses;
    const delay = dueAt - clock.now();
    if (delay <= 0) this.wake();
    // Later ones are found by the sweep, which asks the store for the next due time.
    else if (delay < SWEEP_MS) clock.after(delay, () => this.wake());
  }

  private async run(): Promise<void> {
    try {
      if (this.inDoubt) await this.adoptUnknownLeases();
      do this.again = false;
      while ((await this.claimOnce()) || this.again);
      this.failing.end();
    } catch (thrown) {
      this.inDoubt = true;
      // The sweep tries again: a store that is away is not asked over and over.
      this.again = false;
      this.doubtLater();
      const error = PlatformError.from(thrown);
      if (error.code === "LEASE_LOST") this.engine.lease.check();
      else this.failing.begin(error);
    } finally {
      this.isClaiming = false;
      if (this.again) this.wake();
    }
  }

  /** True when another claim may bring more. */
  private async claimOnce(): Promise<boolean> {
    const { store, senses, residents, admission, loading, lease, limits, tenants } = this.engine;
    const limit = Math.min(CLAIM_BATCH, residents.room);
    if (limit === 0 || this.stopped || lease.isLost) return false;
    const slots = residents.freeSlots();
    const queued = residents.queuedAgents();
    const { term } = lease;
    const maxLeased = limits.ofAgents();
    const claimed = await store.claim({
      limit,
      now: senses.clock.now(),
      slots: slots.of,
      otherSlots: slots.others,
      tenants: limits.turns(this.shares.ahead),
      maxLeased,
    });
    // Marked before the first await, so that nobody slips in between.
    const loads = claimed.map((task) => loading.adopt(task, { term, maxLeased }));
    const brought = countBy(claimed, ({ tenantId, agent }) => agentKey(tenantId, agent));
    const ofTenants = countBy(claimed, ({ tenantId }) => tenantId);
    this.shares.charge(ofTenants, (tenantId) => tenants.get(tenantId)?.weight ?? 1, claimed.length < limit);
    if (claimed.length < limit) {
      residents.uncontest();
      for (const [agent, mark] of queued) {
        const asked = Math.min(slots.of.get(agent) ?? slots.others, limit);
        if (asked > (brought.get(agent) ?? 0)) residents.unqueue(agent, mark);
      }
    }
    let more = claimed.length === limit;
    for (const [agent, count] of brought) {
      if (count >= (slots.of.get(agent) ?? slots.others)) residents.queue(agent);
      // Once loaded it tells how many may run.
      if (!slots.of.has(agent)) more = true;
    }
    for (const { head } of claimed) admission.claimed(head.tenantId);
    // Code that takes for ever to load holds up nobody but its own agent, whose places are reserved meanwhile.
    void Promise.all(loads);
    return more;
  }

  private async adoptUnknownLeases(): Promise<void> {
    // Before the answer: what is doubted while it is on its way may not be in it. When it fails, `run` doubts again.
    this.inDoubt = false;
    const { store, residents, commits, loading } = this.engine;
    for (const lease of await store.leases()) {
      // Of those somebody knows; but where nothing may stay they are given back.
      if (residents.isOpen && commits.isInDoubt(lease)) continue;
      loading.resume(lease, lease.token);
    }
  }

  private sweep(): void {
    const { senses, residents, store } = this.engine;
    this.sweepTimer = senses.clock.after(SWEEP_MS, () => this.sweep());
    const now = senses.clock.monotonic();
    for (const execution of residents.all()) execution.checkStalled(now, this.outsideAwaitMs);
    if (this.inDoubt) this.wake();
    void store.nextDue().then(
      (dueAt) => this.wakeAt(dueAt),
      () => undefined,
    );
  }
}

const countBy = (
  claimed: readonly ClaimedTask[],
  nameOf: (head: ClaimedTask["head"]) => string,
): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>();
  for (const { head } of claimed) counts.set(nameOf(head), (counts.get(nameOf(head)) ?? 0) + 1);
  return counts;
};
