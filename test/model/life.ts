/** One process of a node: it can be stopped for a while or for good, and its clock can be wrong. */

import { PlatformError } from "@agentcore/contract";
import type { AgentDefinition } from "@agentcore/contract/authoring";
import type { Clock, Digest, Ids, KeyValue, TaskStore } from "@agentcore/core/ports";
import { createTaskService, TaskEngine, type TaskRouter, type TaskService } from "@agentcore/core/tasks";
import { createDirectRouter } from "./direct-router.ts";

export interface LifeOptions {
  readonly node: string;
  /** Counts the processes of a world. */
  readonly number: number;
  readonly clock: Clock;
  /** Milliseconds the node's wall clock is wrong by. */
  readonly offset: () => number;
  readonly onActivity: () => void;
  readonly keyValue: KeyValue;
  readonly digest: Digest;
  readonly ids: Ids;
  /** Tasks of one agent in memory at once. */
  readonly concurrency: number;
  readonly lateWriteMs: number;
}

const NEVER = new Promise<never>(() => {});

export class Life {
  readonly node: string;
  private readonly number: number;
  readonly clock: Clock;
  isDead = false;
  engine: TaskEngine | null = null;
  service: TaskService | null = null;
  private frozen: Promise<void> | null = null;
  private thawNow: (() => void) | null = null;
  private readonly options: LifeOptions;

  constructor(options: LifeOptions) {
    this.options = options;
    this.node = options.node;
    this.number = options.number;
    const { clock, offset, onActivity } = options;
    this.clock = {
      now: () => clock.now() + offset(),
      monotonic: () => clock.monotonic(),
      after: (ms, callback) => {
        let isCanceled = false;
        const fire = async (): Promise<void> => {
          await this.awake();
          if (!isCanceled) callback();
        };
        const timer = clock.after(ms, () => {
          onActivity();
          if (this.frozen !== null) void fire();
          else if (!this.isDead) callback();
        });
        return {
          cancel: () => {
            isCanceled = true;
            timer.cancel();
          },
        };
      },
      turn: async () => {
        onActivity();
        await clock.turn();
        onActivity();
        return this.awake();
      },
    };
  }

  /** For reports: which process, and when. */
  get name(): string {
    return `${this.node}/${this.number} @${Math.round(this.clock.monotonic())}`;
  }

  get isFrozen(): boolean {
    return this.frozen !== null;
  }

  /** Resolves when the process runs; never when it is dead. */
  async awake(): Promise<void> {
    while (this.frozen !== null && !this.isDead) await this.frozen;
    return this.isDead ? NEVER : undefined;
  }

  freeze(): void {
    this.frozen ??= new Promise((resolve) => {
      this.thawNow = resolve;
    });
  }

  thaw(): void {
    this.frozen = null;
    this.thawNow?.();
    this.thawNow = null;
  }

  die(): void {
    this.isDead = true;
    this.thaw();
  }

  pause = (ms: number): Promise<void> => new Promise((resolve) => this.clock.after(ms, resolve));

  async start(store: TaskStore, agents: ReadonlyMap<string, AgentDefinition>): Promise<void> {
    const { keyValue, digest, ids, node, concurrency, lateWriteMs } = this.options;
    const router: TaskRouter = createDirectRouter(agents);
    const engine = new TaskEngine({
      ...{ store, keyValue, models: null, router, node, lateWriteMs },
      host: {
        capacities: new Map([...agents.keys()].map((agent) => [`acme/${agent}`, concurrency])),
        load: ({ agent }) => {
          const definition = agents.get(agent);
          return definition === undefined ? null : { definition, env: {}, concurrency };
        },
      },
      senses: { clock: this.clock, ids, digest, logger: { log: () => {} } },
    });
    for (;;) {
      try {
        await engine.start();
        break;
      } catch (error) {
        // A node whose database is away is started again.
        if (!PlatformError.from(error).retryable) throw error;
        await this.pause(100);
      }
    }
    this.engine = engine;
    this.service = createTaskService(engine);
  }
}
