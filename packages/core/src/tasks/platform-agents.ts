/**
 * Agents of the platform that tasks reach over the bus, as they reach any other: they answer queries, and commands to them are done at once, under the
 * key of the call, and make no task. Only the engine may send to them: it says for whom, and they believe it.
 */
import { PlatformError } from "@agentcore/contract";
import type { Delivered, QueryDelivery } from "../bus/index.ts";
import { isDelivered } from "../bus/index.ts";
import { type AgentRegistry, createReplica } from "../registry/index.ts";

export interface PlatformAgent {
  answer(message: Delivered, signal: AbortSignal): Promise<unknown>;
  /** Idempotent per idempotency key: durable when it resolves. */
  perform(message: Delivered, signal: AbortSignal): Promise<unknown>;
}

/** Keeps and finds what agents remember. Reserved: no manifest takes it. */
export const MEMORY_AGENT = "agentcore-memory";
const MEMORY_SKILL = {
  id: "system.memory",
  name: "Long-term memory",
  description: "Keeps, finds and forgets what agents remember, as they ask by ctx.memory",
  tags: ["platform"],
};
const REVISION = "memory-1";
const CONCURRENCY = 1_000;

export class PlatformAgents {
  /** Shown by what the engine sends, and by nobody else. */
  readonly permit: string;
  private readonly registry: Pick<AgentRegistry, "heartbeat" | "register">;
  private readonly node: string;
  private readonly load: () => Promise<PlatformAgent>;
  private loaded: Promise<PlatformAgent> | null = null;

  constructor(options: {
    readonly registry: Pick<AgentRegistry, "heartbeat" | "register">;
    readonly node: string;
    /** Nobody can guess it. */
    readonly secret: string;
    /** The one that remembers; called when a task first asks for it. */
    readonly memory: () => Promise<PlatformAgent>;
  }) {
    this.registry = options.registry;
    this.node = options.node;
    this.permit = `${MEMORY_AGENT} ${options.secret}`;
    this.load = options.memory;
  }

  /** Why a message to this agent is refused, for an authoriser. */
  refuse(permissions: readonly string[] | undefined, agent: string): string | undefined {
    return agent !== MEMORY_AGENT || permissions?.includes(this.permit) === true
      ? undefined
      : "is reached by ctx.memory, and over /api/v1/memory";
  }

  /** The bus finds it in that tenant. */
  enlist(tenantId: string): void {
    const replica = `${MEMORY_AGENT}-${this.node}`;
    if (this.registry.heartbeat(tenantId, MEMORY_AGENT, replica)) return;
    this.registry.register({
      ...{ tenantId, name: MEMORY_AGENT, revision: REVISION, description: MEMORY_SKILL.description },
      ...{ skills: [MEMORY_SKILL], labels: {}, subscribes: [], idempotent: true },
      limits: { maxConcurrent: CONCURRENCY },
      replicas: [createReplica(replica, this.node)],
    });
  }

  /** A way out of the bus that knows it too. */
  delivery(others: QueryDelivery): QueryDelivery {
    return async (record, replica, message, signal) => {
      if (record.name !== MEMORY_AGENT) return others(record, replica, message, signal);
      // Only the bus can make what this check lets through (I8).
      if (!isDelivered(message, record))
        throw new PlatformError("PERMISSION_DENIED", "a query reaches an agent through the bus only");
      return (await this.agent()).answer(message, signal);
    };
  }

  async perform(message: Delivered, signal: AbortSignal): Promise<unknown> {
    return (await this.agent()).perform(message, signal);
  }

  private agent(): Promise<PlatformAgent> {
    this.loaded ??= this.load().catch((error: unknown) => {
      this.loaded = null;
      throw error;
    });
    return this.loaded;
  }
}
