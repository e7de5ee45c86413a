/** What the tasks of one agent share in this process: its settings, who is at work, and the turns of merging. */
import { homedir } from "node:os";
import { join } from "node:path";
import { type CodingSpec, PlatformError } from "@agentcore/contract";
import type { HostPolicy, RefusedHost } from "@agentcore/sandbox";
import { CodingShared } from "./coding-shared.ts";
import { homeFolder } from "./homes/home-folder.ts";
import {
  DEFAULT_HOME_POLICY,
  describeSweptHomes,
  type HomePolicy,
  sweepHomes,
  tenantsWithHomes,
} from "./homes/sweep-homes.ts";
import { secretBlanker } from "./run/secret-blanker.ts";
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
  /** `about`: the tenant and the task that it is about, where it is about one. */
  readonly log?: ((message: string, about?: Readonly<Record<string, string>>) => void) | undefined;
  /** Where hosts that `sandbox.network` names may lead. @default public addresses alone */
  readonly hostPolicy?: HostPolicy | undefined;
  /** Shared by all agents of a state folder, which then also take away what agents have left that are no more. @default this agent's own */
  readonly shared?: CodingShared | undefined;
  /** What becomes of the agent's homes, looked at once an hour at most, as tasks end; null: their host sees to them. @default 30 days unused, 2 GiB a tenant */
  readonly homePolicy?: HomePolicy | null | undefined;
}

// How to run, and nothing secret.
const SHARED = ["PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"] as const;

const HOMES_EVERY_MS = 3_600_000;

export class CodingRuntime {
  readonly spec: CodingSpec;
  readonly name: string;
  readonly stateFolder: string;
  private readonly host: CodingHost;
  readonly shared: CodingShared;
  /** Monotonic. */
  private homesSweptAt = Number.NEGATIVE_INFINITY;

  constructor(name: string, spec: CodingSpec, host: CodingHost) {
    this.name = name;
    this.spec = spec;
    this.host = host;
    this.shared = host.shared ?? new CodingShared();
    this.stateFolder = host.stateFolder ?? join(homedir(), ".local", "state", "agentcore", "coding");
  }

  /** The environment of programs; `sandboxHome`: of one in a sandbox. Throws CONFIG_INVALID for a variable that the node has not. */
  environment(tenantId: string, sandboxHome: string | null): Readonly<Record<string, string>> {
    const variables = this.host.variables ?? process.env;
    const own = sandboxHome ?? homeFolder(this.stateFolder, tenantId, this.name);
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
    return {
      ...Object.fromEntries(shared),
      HOME: home,
      // Its own.
      ...(sandboxHome === null ? {} : { TMPDIR: "/tmp" }),
      ...Object.fromEntries(named),
    };
  }

  async refuse(tenantId: string, repository: string): Promise<string | undefined> {
    return this.host.refuse?.(tenantId, repository);
  }

  get hostPolicy(): HostPolicy | undefined {
    return this.host.hostPolicy;
  }

  /** What a program in a sandbox asked for in vain, as it is told to people. */
  noteRefused({ host, port, why }: RefusedHost, about: { readonly tenantId: string; readonly taskId: string }): string {
    // A name may be made of one, to be sent away with the question for it; programs ask in small letters, too.
    const secrets = this.secrets();
    const blank = secretBlanker([...secrets, ...secrets.map((secret) => secret.toLowerCase())]);
    const message = `the sandbox refused ${blank(host)}:${port}: ${why}`;
    this.host.log?.(message, about);
    return message;
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

  /** At the start, and whenever a task has ended. */
  sweep(): Promise<void> {
    const { stateFolder, host, name, shared } = this;
    const log = host.log ?? (() => undefined);
    return shared.sweep(async () => {
      await sweepRuns({
        ...{ stateFolder, agent: host.shared === undefined ? name : null, isOver: host.isOver ?? null },
        ...{ now: Date.now(), isActive: (key) => shared.active.has(key), log },
        openSandbox: () => shared.sandbox(),
      });
      await this.sweepHomes(log);
    });
  }

  private async sweepHomes(log: (message: string) => void): Promise<void> {
    const { stateFolder, name: agent } = this;
    const { homePolicy: policy = DEFAULT_HOME_POLICY } = this.host;
    if (policy === null || performance.now() - this.homesSweptAt < HOMES_EVERY_MS) return;
    this.homesSweptAt = performance.now();
    for (const tenantId of await tenantsWithHomes(stateFolder)) {
      const swept = await sweepHomes({ stateFolder, tenantId, agent, policy, now: Date.now() });
      if (swept.removedFiles + swept.failed > 0) log(describeSweptHomes(tenantId, swept));
    }
  }
}
