/** The part of @agentcore/server that `up` and `dev` use, stated here so that nothing of it is loaded before it is needed. */

export interface NodeOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** A2A over gRPC; not served when undefined. */
  readonly grpcPort: number | undefined;
  /** `HOST:PORT` that cards name for it. */
  readonly grpcPublicAddress: string | undefined;
  /** Absolute paths of PEM files; plain HTTP and gRPC when undefined. */
  readonly tls: { readonly cert: string; readonly key: string; readonly clientCa: string | undefined } | undefined;
  /** What cards and links name; where it listens when undefined. */
  readonly publicUrl: string | undefined;
  /** Absolute path; created when missing. */
  readonly dataDirectory: string;
  /** `postgres://…` that nodes share; a file in the data folder when undefined. */
  readonly database: string | undefined;
  /** Only with `database`. */
  readonly leaseMs: number | undefined;
  /** 0: retention never looks by itself. */
  readonly gcIntervalMs: number;
  /** A model that makes vectors of what agents remember. */
  readonly memoryEmbedder: string | undefined;
  readonly node: string | undefined;
  /** Tasks in memory at once. */
  readonly maxTasks: number;
  /** Callers must present one of these, each with its role (`KEY role=operator`); none means that no key is asked for. */
  readonly apiKeys: readonly string[];
  /** Absolute path of the file that says whose tokens and client certificates are taken. */
  readonly authFile: string | undefined;
  /** `NAME:KEY` each; the first seals what is stored, all of them open it. */
  readonly encryptionKeys: readonly string[];
  /** Private keys as PEM or JWK; all of them sign the agents' cards. */
  readonly cardSigningKeys: readonly string[];
  /** Absolute paths of the folders that agents' code may come from; none means anywhere. */
  readonly codeRoots: readonly string[];
  /** Absolute path of the file with prices of models. */
  readonly modelPricesFile: string | undefined;
  /** Whether Model manifests may name addresses of private networks. */
  readonly allowPrivateModels: boolean;
  /** Absolute path of the folder that calls of models are recorded into, or answered from. */
  readonly recording: { readonly mode: "record" | "replay"; readonly directory: string } | undefined;
  /** Whether push notifications may go to this machine and to private networks. */
  readonly allowPrivateWebhooks: boolean;
  /** Whether Agent manifests may name cards in private networks. */
  readonly allowPrivateAgents: boolean;
  /** Whether Tool manifests may name servers in private networks. */
  readonly allowPrivateTools: boolean;
  /** Programs that Tool manifests may have started; undefined: as the node has it. */
  readonly toolCommands: readonly string[] | undefined;
  /** Absolute paths of modules with libraries that Tool manifests may name. */
  readonly toolLibraries: readonly string[];
  /** Folders that Tool manifests may open, absolute, `TENANT=` before those that are not the default tenant's; undefined: as the node has it. */
  readonly toolFolders: readonly string[] | undefined;
  readonly logLevel: "debug" | "info" | "warn" | "error";
}

export interface ApplyResult {
  readonly kind: string;
  readonly name: string;
  readonly change: "created" | "configured" | "unchanged";
}

export interface RunningNode {
  readonly url: string;
  /** `HOST:PORT`; undefined when gRPC is not served. */
  readonly grpcAddress: string | undefined;
  /** Calls the node from its own process, whatever certificate it shows to others. */
  readonly fetch: typeof fetch;
  /** For the first run of this process; undefined when no key is asked for. */
  readonly apiKey: string | undefined;
  /** Resolves when the node takes work. */
  readonly ready: Promise<void>;
  /** Manifests as read, code paths absolute; all or nothing. */
  apply(manifests: readonly unknown[]): Promise<readonly ApplyResult[]>;
  /** Takes no new work, gives what runs `graceMs` milliseconds, then releases everything. */
  close(graceMs: number): Promise<void>;
}

export type StartNode = (options: NodeOptions) => Promise<RunningNode>;
