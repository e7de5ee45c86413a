/** The part of @agentcore/server that `up` and `dev` use, stated here so that nothing of it is loaded before it is needed. */

export interface NodeOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Absolute path; created when missing. */
  readonly dataDirectory: string;
  /** Callers must present one of these; none means that no key is asked for. */
  readonly apiKeys: readonly string[];
  readonly logLevel: "debug" | "info" | "warn" | "error";
}

export interface ApplyResult {
  readonly kind: string;
  readonly name: string;
  /** What the node did with it, for example `created`, `updated` or `unchanged`. */
  readonly change: string;
}

export interface RunningNode {
  readonly url: string;
  /** Resolves when the node takes work. */
  readonly ready: Promise<void>;
  /** Manifest files or folders, absolute. */
  apply(paths: readonly string[]): Promise<readonly ApplyResult[]>;
  /** Takes no new work, gives what runs `graceMs` milliseconds, then releases everything. */
  close(graceMs: number): Promise<void>;
}

export type StartNode = (options: NodeOptions) => Promise<RunningNode>;
