/** Nodes over one store, callers around them, and the faults of a plan. */
import type { A2AMessage } from "@agentcore/contract";
import { createMemoryKeyValue } from "@agentcore/core/inprocess";
import type { Clock, Digest, TaskHead, TaskStore } from "@agentcore/core/ports";
import type { TaskService } from "@agentcore/core/tasks";
import { createSequentialIds } from "@agentcore/core/testing";
import type { Backend } from "./backend.ts";
import { Effects } from "./effects.ts";
import { type CallFault, FaultPlan, type TimedFault } from "./faults.ts";
import { createFaultyStore } from "./faulty-store.ts";
import { Life } from "./life.ts";
import type { Program, Span } from "./program.ts";
import { agentsFor } from "./run-program.ts";

export const SCOPE = { tenantId: "acme", caller: "ann" };

/** All that a run depends on. */
export interface Plan {
  readonly programs: readonly Program[];
  readonly faults: readonly CallFault[];
  readonly timed: readonly TimedFault[];
  readonly nodes: number;
  /** Milliseconds a call of the store takes at most, there and back each; 0: none. */
  readonly latencyMs: number;
  /** Tasks of one agent in a node's memory. */
  readonly concurrency: number;
  readonly seed: number;
}

/** What a world's time is made of. */
export interface Pace {
  readonly spans: Readonly<Record<Span, number>>;
  /** Milliseconds before the second try of a step. */
  readonly again: Readonly<Record<Span, number>>;
  /** Milliseconds between the first and the last thing that callers do of themselves. */
  readonly outsideMs: number;
  /** Milliseconds after which a killed process is started again. */
  readonly downMs: number;
  /** Milliseconds a caller waits for an answer. */
  readonly patienceMs: number;
  /** Milliseconds the database is away when nothing real is restarted. */
  readonly awayMs: number;
  /** Milliseconds of a stall; longer than the lease. */
  readonly stallMs: number;
  /** Milliseconds after which a write that failed has been carried out, or never will be. */
  readonly lateWriteMs: number;
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export const createRandom = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

export class World {
  readonly plan: Plan;
  readonly pace: Pace;
  readonly clock: Clock;
  readonly effects = new Effects();
  readonly faults: FaultPlan;
  /** The second version of the code is there for these programs. */
  readonly changed = new Set<string>();
  /** What should never happen. */
  readonly wrong: string[] = [];
  readonly random: () => number;
  activity = 0;
  private readonly backend: Backend;
  private readonly lives = new Map<string, Life>();
  private readonly offsets = new Map<string, number>();
  private readonly ids = createSequentialIds("t");
  private readonly keyValue;
  private readonly digest: Digest;
  private away = false;
  private asked = 0;
  private starts = 0;
  /** Nodes on their way down or up. */
  private moving = 0;

  constructor(options: { plan: Plan; pace: Pace; clock: Clock; backend: Backend; digest: Digest }) {
    const { plan, pace, clock, backend, digest } = options;
    this.plan = plan;
    this.pace = pace;
    this.clock = clock;
    this.backend = backend;
    this.digest = digest;
    this.keyValue = createMemoryKeyValue({ clock });
    this.random = createRandom(plan.seed);
    this.faults = new FaultPlan(plan.faults);
  }

  get store(): TaskStore {
    return this.backend.observer();
  }

  async start(): Promise<void> {
    for (let node = 1; node <= this.plan.nodes; node++) await this.startNode(`n${node}`);
    for (const fault of this.plan.timed) this.clock.after(fault.at, () => this.strike(fault));
  }

  pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      this.clock.after(ms, () => {
        this.activity += 1;
        resolve();
      });
    });

  /** One of the nodes that live, another each time; null when there is none. */
  anyService(): TaskService | null {
    const alive = [...this.lives.values()].filter(({ service }) => service !== null);
    this.asked += 1;
    return alive[this.asked % Math.max(1, alive.length)]?.service ?? null;
  }

  /** From now on nothing goes wrong, and every clock is right. */
  async calm(): Promise<void> {
    this.faults.isOn = false;
    this.offsets.clear();
    for (const life of this.lives.values()) life.thaw();
    while (this.moving > 0) await this.pause(this.pace.downMs);
  }

  /** Every task there is. */
  async heads(): Promise<readonly TaskHead[]> {
    const heads: TaskHead[] = [];
    for (;;) {
      const last = heads.at(-1);
      const after = last === undefined ? {} : { after: { updatedAt: last.updatedAt, taskId: last.taskId } };
      const page = await this.store.list({ tenantId: SCOPE.tenantId, limit: 1000, ...after });
      heads.push(...page.heads);
      if (page.heads.length < 1000) return heads;
    }
  }

  get resident(): number {
    return [...this.lives.values()].reduce((sum, { engine }) => sum + (engine?.resident ?? 0), 0);
  }

  async close(): Promise<void> {
    for (const life of this.lives.values()) life.die();
    await this.backend.close();
  }

  private strike({ what, node, by }: TimedFault): void {
    if (!this.faults.isOn) return;
    const name = `n${(node % this.plan.nodes) + 1}`;
    const life = this.lives.get(name);
    if (what === "jump") {
      this.offsets.set(name, by);
      this.faults.strike("jump");
    } else if (what === "restart") void this.restartStore();
    else if (life !== undefined) {
      this.faults.strike(what);
      if (what === "kill") this.kill(life);
      else this.stall(life);
    }
  }

  private async restartStore(): Promise<void> {
    // One at a time; and not while nodes come up, which would wait for each other.
    while (this.moving > 0) await this.pause(this.pace.downMs);
    if (!this.faults.isOn) return;
    this.faults.strike("restart");
    this.away = true;
    this.moving += 1;
    if (this.backend.restart === undefined) await this.pause(this.pace.awayMs);
    else await this.backend.restart();
    this.away = false;
    this.moving -= 1;
  }

  private stall(life: Life): void {
    if (life.isFrozen || life.isDead) return;
    life.freeze();
    void this.pause(this.pace.stallMs).then(() => life.thaw());
  }

  private kill(life: Life): void {
    if (life.isDead) return;
    life.die();
    void this.replace(life);
  }

  private async replace(life: Life): Promise<void> {
    if (this.lives.get(life.node) !== life) return;
    this.moving += 1;
    this.lives.delete(life.node);
    await this.backend.abandon(life.node);
    // Now and then it stays away for longer than its lease, and others take its work.
    await this.pause(this.random() < 0.3 ? this.pace.stallMs : this.pace.downMs);
    await this.startNode(life.node);
    this.moving -= 1;
  }

  private async startNode(node: string): Promise<void> {
    const { clock, keyValue, digest, ids, plan, effects } = this;
    const onActivity = (): void => void (this.activity += 1);
    const number = (this.starts += 1);
    const life = new Life({
      ...{ node, number, clock, keyValue, digest, ids, onActivity, concurrency: plan.concurrency },
      lateWriteMs: this.pace.lateWriteMs,
      offset: () => this.offsets.get(node) ?? 0,
    });
    const random = createRandom(plan.seed + number);
    const store = createFaultyStore(await this.backend.open(node, () => this.offsets.get(node) ?? 0), {
      ...{ life, effects, onActivity, plan: this.faults },
      latency: plan.latencyMs === 0 ? null : () => Math.floor(random() * (plan.latencyMs + 1)),
      hasLateWrites: this.backend.hasLateWrites,
      kill: () => this.kill(life),
      stall: () => this.stall(life),
      breakConnections: this.backend.breakConnections?.bind(this.backend, node) ?? null,
      holdUp: this.backend.holdUp?.bind(this.backend) ?? null,
      isAway: () => this.away && this.backend.restart === undefined,
      later: this.pause,
    });
    const version = (program: string): 1 | 2 => (this.changed.has(program) ? 2 : 1);
    this.lives.set(node, life);
    const started = life.start(
      store,
      agentsFor({
        effects,
        spans: this.pace.spans,
        again: this.pace.again,
        pause: life.pause,
        by: () => life.name,
        version,
      }),
    );
    // A process may die before it is up; then another is on its way.
    await Promise.race([started, this.untilDead(life)]);
  }

  private async untilDead(life: Life): Promise<void> {
    while (!life.isDead && life.service === null) await this.pause(this.pace.downMs);
  }
}

export const textMessage = (messageId: string, text: string): A2AMessage => ({
  ...{ messageId, role: "ROLE_USER" },
  parts: [{ text }],
});
