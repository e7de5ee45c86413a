/**
 * Agents of the platform, which tasks reach over the bus, as they reach any other: they answer queries, and a command to one is done at once, under the
 * key of the call, and makes no task. Each is loaded when it is first asked, and in the registry of a tenant from then on.
 */
import { type AgentSkill, PlatformError, type Target } from "@agentcore/contract";
import type { Delivered, Interceptor, QueryDelivery } from "../bus/index.ts";
import { isDelivered } from "../bus/index.ts";
import { type AgentRegistry, createReplica } from "../registry/index.ts";

export interface PlatformAgent {
  answer(message: Delivered, signal: AbortSignal): Promise<unknown>;
  /** Idempotent per idempotency key: durable when it resolves. @default it only answers */
  perform?(message: Delivered, signal: AbortSignal): Promise<unknown>;
}

interface Listed {
  readonly revision: string;
  readonly skill: AgentSkill;
  /**
   * engine: the engine alone, by its permit; it says for whom, and is believed. tenant: whatever sends in a tenant, and it is answered for that
   * tenant and under the scopes of whom the task works for.
   */
  readonly senders: "engine" | "tenant";
  /** How it is reached, where it is not by a message of one's own. */
  readonly reachedBy: string;
}

/** Keeps and finds what agents remember. */
export const MEMORY_AGENT = "agentcore-memory";
/** Knows who there is. */
export const REGISTRY_AGENT = "agentcore-registry";

type PlatformAgentName = typeof MEMORY_AGENT | typeof REGISTRY_AGENT;

const LISTED: Readonly<Record<PlatformAgentName, Listed>> = {
  [MEMORY_AGENT]: {
    revision: "memory-1",
    skill: {
      id: "system.memory",
      name: "Long-term memory",
      description: "Keeps, finds and forgets what agents remember, as they ask by ctx.memory",
      tags: ["platform"],
    },
    senders: "engine",
    reachedBy: "is reached by ctx.memory, and over /api/v1/memory",
  },
  [REGISTRY_AGENT]: {
    revision: "registry-1",
    skill: {
      id: "system.registry",
      name: "Registry",
      description:
        "Tells which agents of the tenant would get a piece of work, with scores and reasons, and which there are",
      tags: ["platform"],
    },
    senders: "tenant",
    reachedBy: 'answers queries alone: ctx.query({ capability: "system.registry" }, …)',
  },
};

/** Reserved: no manifest takes them. */
export const PLATFORM_AGENTS = Object.keys(LISTED) as readonly PlatformAgentName[];
const BY_SKILL: ReadonlyMap<string, PlatformAgentName> = new Map(
  PLATFORM_AGENTS.map((name) => [LISTED[name].skill.id, name]),
);
const CONCURRENCY = 1_000;

const isPlatformAgent = (name: string): name is PlatformAgentName => Object.hasOwn(LISTED, name);

type Loaders = Readonly<Partial<Record<PlatformAgentName, () => Promise<PlatformAgent>>>>;

export class PlatformAgents {
  /** Shown by what the engine sends, and by nobody else. */
  readonly permit: string;
  private readonly registry: Pick<AgentRegistry, "heartbeat" | "register">;
  private readonly node: string;
  private readonly load: Loaders;
  private readonly loaded = new Map<PlatformAgentName, Promise<PlatformAgent>>();

  constructor(options: {
    readonly registry: Pick<AgentRegistry, "heartbeat" | "register">;
    readonly node: string;
    /** Nobody can guess it. */
    readonly secret: string;
    /** Of those that are there. Called when one is first asked, and again after it has failed. */
    readonly load: Loaders;
  }) {
    this.registry = options.registry;
    this.node = options.node;
    this.permit = `agentcore-platform ${options.secret}`;
    this.load = options.load;
  }

  /** Why a message to this agent is refused, for an authoriser. */
  refuse(permissions: readonly string[] | undefined, agent: string): string | undefined {
    if (!isPlatformAgent(agent)) return undefined;
    const { senders, reachedBy } = LISTED[agent];
    return senders === "tenant" || permissions?.includes(this.permit) === true ? undefined : reachedBy;
  }

  /** Of the bus: whoever is sent to is there, in that tenant. */
  enlist(): Interceptor {
    return {
      name: "enlist",
      intercept: (call, next) => {
        const name = call.target === undefined ? undefined : targeted(call.target);
        if (name !== undefined && this.load[name] !== undefined) this.register(call.message.tenantId, name);
        return next(call);
      },
    };
  }

  /** A way out of the bus that knows them too. */
  delivery(others: QueryDelivery): QueryDelivery {
    return async (record, replica, message, signal) => {
      if (!isPlatformAgent(record.name)) return others(record, replica, message, signal);
      // Only the bus can make what this check lets through (I8).
      if (!isDelivered(message, record))
        throw new PlatformError("PERMISSION_DENIED", "a query reaches an agent through the bus only");
      return (await this.agent(record.name)).answer(message, signal);
    };
  }

  /** Throws UNSUPPORTED_OPERATION for one that only answers. */
  async perform(agent: string, message: Delivered, signal: AbortSignal): Promise<unknown> {
    const { perform } = isPlatformAgent(agent) ? await this.agent(agent) : {};
    if (perform === undefined) throw new PlatformError("UNSUPPORTED_OPERATION", `agent ${agent} ${reachedBy(agent)}`);
    return perform(message, signal);
  }

  private register(tenantId: string, name: PlatformAgentName): void {
    const replica = `${name}-${this.node}`;
    if (this.registry.heartbeat(tenantId, name, replica)) return;
    const { revision, skill } = LISTED[name];
    this.registry.register({
      ...{ tenantId, name, revision, description: skill.description, skills: [skill], labels: {}, subscribes: [] },
      ...{ idempotent: true, ofPlatform: true, limits: { maxConcurrent: CONCURRENCY } },
      replicas: [createReplica(replica, this.node)],
    });
  }

  private agent(name: PlatformAgentName): Promise<PlatformAgent> {
    const known = this.loaded.get(name);
    if (known !== undefined) return known;
    const load = this.load[name];
    if (load === undefined) return Promise.reject(new PlatformError("AGENT_NOT_FOUND", `there is no ${name} here`));
    const loading = load().catch((error: unknown) => {
      this.loaded.delete(name);
      throw error;
    });
    this.loaded.set(name, loading);
    return loading;
  }
}

/** Which of them a target means. */
export const targeted = (target: Target): PlatformAgentName | undefined => {
  if ("capability" in target) return BY_SKILL.get(target.capability);
  return "agent" in target && isPlatformAgent(target.agent) ? target.agent : undefined;
};

const reachedBy = (agent: string): string =>
  isPlatformAgent(agent) ? LISTED[agent].reachedBy : "is none of the platform's";
