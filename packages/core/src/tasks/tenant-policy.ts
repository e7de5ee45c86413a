/** What an operator has declared about a tenant. */
export interface TenantPolicy {
  /** Share of a full node, against the weights of others that have work waiting. 1 to 1,000. @default 1 */
  readonly weight?: number | undefined;
  /** Tasks that may run at once on all nodes together; those that wait for something do not count. @default no limit */
  readonly maxRunning?: number | undefined;
  /** Tasks that may wait to run. @default EngineOptions.maxBacklog */
  readonly maxBacklog?: number | undefined;
  readonly retention?: RetentionPolicy | undefined;
  /** By which models agents are found. @default none */
  readonly discovery?: DiscoveryPolicy | undefined;
}

export interface DiscoveryPolicy {
  /** Name of a model that makes vectors. @default none */
  readonly embedder?: string | undefined;
  /** Least similarity of an agent that is found by meaning alone, 0 to 1. @default 0.75 */
  readonly minSimilarity?: number | undefined;
  /** Chooses where nobody is found. @default none */
  readonly decider?: DeciderPolicy | undefined;
}

export interface DeciderPolicy {
  /** Name of a model that chats. */
  readonly model: string;
  /** The nearest that it is shown, 1 to 20. @default 5 */
  readonly candidates?: number | undefined;
  /** @default 10,000 */
  readonly timeoutMs?: number | undefined;
}

export interface RetentionPolicy {
  /** @default never */
  readonly compactAfterMs?: number | undefined;
  /** @default never */
  readonly removeAfterMs?: number | undefined;
  /** @default 400 days */
  readonly removeUsageAfterMs?: number | undefined;
  /** Of files in homes of coding agents. @default 30 days, or `removeAfterMs` where that is less */
  readonly removeHomeFilesAfterMs?: number | undefined;
  /** Of homes of coding agents, on each node. @default 2 GiB */
  readonly maxHomeBytes?: number | undefined;
}
