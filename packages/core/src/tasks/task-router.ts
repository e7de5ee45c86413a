import type { Priority, Target } from "@agentcore/contract";

/** A routing decision, as recorded in the log: who, how everyone scored, and why. */
export interface RoutingChoice {
  readonly agent: string;
  readonly revision: string;
  readonly scores: readonly {
    readonly candidate: string;
    readonly score: number;
    readonly parts?: Record<string, number> | undefined;
  }[];
  readonly reasons: readonly string[];
}

export interface RoutedDraft {
  readonly tenantId: string;
  readonly caller: string;
  /** @default everything */
  readonly permissions?: readonly string[] | undefined;
  /** Of whom the task works for, whose messages ask for none: told to agents of the platform. @default all */
  readonly scopes?: readonly string[] | undefined;
  /** `agent:<name>` or `gateway`. */
  readonly source: string;
  readonly target: Target;
  readonly payload: unknown;
  readonly skill?: string | undefined;
  readonly priority?: Priority | undefined;
  readonly deadline?: number | undefined;
  readonly traceparent?: string | undefined;
  readonly taskId?: string | undefined;
  readonly contextId?: string | undefined;
  /** Agents that must not be chosen: already tried. */
  readonly exclude?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What the engine sends to an agent of the platform for a task. */
export interface PlatformDraft extends Omit<RoutedDraft, "target" | "exclude" | "permissions" | "scopes" | "skill"> {
  readonly type: "command" | "query";
  /** Of a command: what is done under it is done once. */
  readonly idempotencyKey?: string | undefined;
  readonly signal: AbortSignal;
}

/** A durable event as an agent gets it for its input. */
export interface EventInput {
  readonly id: string;
  readonly topic: string;
  readonly source: string;
  readonly payload: unknown;
}

/** What a trigger makes of an event: null when it passes it by. */
export interface Triggered {
  readonly input: unknown;
  /** Events of one key go to one task, while that is open. Null: each has its own. */
  readonly key: string | null;
}

/** The agent by whose name tasks stand that take in events until they pause. Nobody's code. */
export const DEBOUNCER = "agentcore-debounce";

/** Events that come within `quietMs` of each other make one task, `maxWaitMs` after the first at the latest. */
export interface Debounce {
  readonly quietMs: number;
  /** @default as long as they come, 500 of them at most */
  readonly maxWaitMs?: number | undefined;
  /** The input is the event as it is, and is told how many there were, as `events`. @default false */
  readonly counts?: boolean | undefined;
}

export interface Subscriber {
  readonly agent: string;
  readonly revision: string;
  /** Of the manifest. @default the agent's own subscription, which gets every event as it is */
  readonly trigger?:
    | {
        /** The same for the same trigger of the agent, on every node and in every life. */
        readonly id: string;
        /** Pattern of its topics. */
        readonly topic: string;
        /** @default each event begins a task at once, or goes to the one that is open for its key */
        readonly debounce?: Debounce | undefined;
        /** Throws what is wrong with an expression, or with this event for it. */
        readonly select: (event: EventInput) => Triggered | null;
      }
    | undefined;
}

export type SubscribersByTopic = (topic: string) => readonly Subscriber[];

/** The bus as the task engine sees it: nothing reaches an agent but through its interceptor chain (I8). */
export interface TaskRouter {
  /** Runs the chain; when an agent is chosen, `accept` takes the work. Rejects with the chain's or `accept`'s error. */
  command<T>(draft: RoutedDraft, accept: (choice: RoutingChoice) => Promise<T>): Promise<T>;
  query(draft: RoutedDraft): Promise<unknown>;
  /** Asks the platform's memory, or has it do something at once, which makes no task. @default there is none: UNSUPPORTED_OPERATION */
  remembers?: ((draft: PlatformDraft) => Promise<unknown>) | undefined;
  emit(event: {
    readonly tenantId: string;
    readonly source: string;
    readonly topic: string;
    readonly payload: unknown;
    readonly id: string;
    readonly taskId?: string | undefined;
  }): void;
  /**
   * Agents with `subscribes` matching a topic, with their current revision: all that are declared now, whether or not this process can
   * run them, since an event is carried by one process for all. Rejects when that cannot be told.
   */
  subscribers(tenantId: string): SubscribersByTopic | Promise<SubscribersByTopic>;
  /** The revision of the agent that new work goes to; null when it is not declared now. */
  revisionOf(tenantId: string, agent: string): string | null;
  /** How a task of an agent ended: feeds its breaker. */
  reportEnd(end: { readonly tenantId: string; readonly agent: string; readonly failedRetryably: boolean }): void;
}
