/** What the tasks of one agent share in this process: its settings, who is at work, and the turns of merging. */
import { homedir } from "node:os";
import { join } from "node:path";
import { type CodingSpec, PlatformError } from "@agentcore/contract";
import { sweepRuns } from "./work/sweep-runs.ts";

export interface CodingHost {
  /** Where worktrees and what is known of runs are kept: absolute, this node's alone. @default ~/.local/state/agentcore/coding */
  readonly stateFolder?: string | undefined;
  /** Variables that `env` names, and PATH and the like. @default the process's own */
  readonly variables?: Readonly<Record<string, string | undefined>> | undefined;
  /** Whether a task has come to its end. @default what is older than a week has */
  readonly isOver?: ((tenantId: string, taskId: string) => Promise<boolean>) | undefined;
  /** Why a repository may not be opened for a tenant; undefined: it may. Asked with its real path, each time that a task begins. @default any may */
  readonly refuse?: ((tenantId: string, repository: string) => Promise<string | undefined>) | undefined;
  readonly log?: ((message: string) => void) | undefined;
  /** Shared by all agents of a state folder. @default this agent's own */
  readonly shared?: CodingShared | undefined;
}

/** What agents of one process have in common. */
export class CodingShared {
  /** Runs that this process is at, by key. */
  readonly active = new Set<string>();
  private readonly programs = new Set<Promise<unknown>>();
  private last: Promise<unknown> = Promise.resolve();

  /** Of a program's end. */
  note(ended: Promise<unknown>): void {
    const noted = ended.catch(() => undefined).finally(() => this.programs.delete(noted));
    this.programs.add(noted);
  }

  /** Once no program runs: for a node that ends, whose tasks have been told. */
  async idle(): Promise<void> {
    await Promise.all(this.programs);
  }

  /** Merges one after the other, each on top of the one before. Who else merges meanwhile is noticed, and costs a turn more. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.last.then(work, work);
    this.last = mine.catch(() => undefined);
    return mine;
  }
}

// How to run, and nothing secret.
const SHARED = ["PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"] as const;

export class CodingRuntime {
  readonly spec: CodingSpec;
  readonly name: string;
  readonly stateFolder: string;
  private readonly host: CodingHost;
  readonly shared: CodingShared;
  private sweeping: Promise<void> = Promise.resolve();

  constructor(name: string, spec: CodingSpec, host: CodingHost) {
    this.name = name;
    this.spec = spec;
    this.host = host;
    this.shared = host.shared ?? new CodingShared();
    this.stateFolder = host.stateFolder ?? join(homedir(), ".local", "state", "agentcore", "coding");
  }

  /** The environment of programs. Throws CONFIG_INVALID for a variable that the node has not. */
  environment(tenantId: string): Readonly<Record<string, string>> {
    const variables = this.host.variables ?? process.env;
    const own = join(this.stateFolder, "homes", tenantId, this.name);
    const home = this.spec.home === "node" ? (variables["HOME"] ?? homedir()) : own;
    const shared = SHARED.flatMap((name) => {
      const value = variables[name];
      return value === undefined ? [] : [[name, value] as const];
    });
    const named = Object.entries(this.spec.env ?? {}).map(([name, value]) => {
      if (typeof value === "string") return [name, value] as const;
      const secret = variables[value.env];
      if (secret !== undefined) return [name, secret] as const;
      throw new PlatformError(
        "CONFIG_INVALID",
        `agent ${this.name} needs the variable ${value.env}, which this node has not`,
      );
    });
    return { ...Object.fromEntries(shared), HOME: home, ...Object.fromEntries(named) };
  }

  async refuse(tenantId: string, repository: string): Promise<string | undefined> {
    return this.host.refuse?.(tenantId, repository);
  }

  /** Values that may stand nowhere else. */
  secrets(): readonly string[] {
    const variables = this.host.variables ?? process.env;
    return Object.values(this.spec.env ?? {}).flatMap((value) => {
      const secret = typeof value === "string" ? undefined : variables[value.env];
      return secret === undefined || secret.length < 8 ? [] : [secret];
    });
  }

  enter(key: string): void {
    this.shared.active.add(key);
  }

  leave(key: string): void {
    this.shared.active.delete(key);
  }

  /** At the start, and whenever a task has ended; one at a time. Whoever comes while one is under way waits for the next. */
  sweep(): Promise<void> {
    const { stateFolder, host } = this;
    this.sweeping = this.sweeping.then(() =>
      sweepRuns({
        ...{ stateFolder, agent: this.name, isOver: host.isOver ?? null, now: Date.now() },
        isActive: (key) => this.shared.active.has(key),
        log: host.log ?? (() => undefined),
      }),
    );
    return this.sweeping;
  }
}
