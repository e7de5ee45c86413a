/**
 * Takes away what programs have left in the homes of a tenant's agents: what nobody has used for so long, and of what is more than the tenant may have, what was
 * used longest ago.
 *
 * H1 What was written since the oldest task that is under way began stays: its program may go on with it.
 * H2 Nothing outside of a home is looked at, and no link followed: programs put there what they like.
 * H3 It takes no more memory for a million files than for one: they are counted by the hour of their last use, and looked at again.
 */
import { readdir, rmdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import { PlatformError } from "@agentcore/contract";
import { listRuns, readRecord, runPaths } from "../work/run-record.ts";
import { homesFolder } from "./home-folder.ts";
import { type HomeEntry, homeEntry, walkHome } from "./walk-home.ts";

export interface HomePolicy {
  /** What was neither read nor written for so long goes. Milliseconds. */
  readonly unusedForMs: number;
  /** Of all homes of the tenant together, on this node. */
  readonly maxBytes: number;
}

export const DEFAULT_HOME_POLICY: HomePolicy = { unusedForMs: 30 * 86_400_000, maxBytes: 2 * 2 ** 30 };

export interface SweepHomesOptions {
  readonly stateFolder: string;
  readonly tenantId: string;
  /** Its home alone; undefined: those of all agents, also of those that are no more. */
  readonly agent?: string | undefined;
  readonly policy: HomePolicy;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly signal?: AbortSignal | undefined;
}

export interface SweptHomes {
  readonly removedFiles: number;
  /** As they took on the disk. */
  readonly removedBytes: number;
  readonly leftBytes: number;
  /** What could not be looked at, or removed. */
  readonly failed: number;
  /** The first of it; null: nothing failed. */
  readonly problem: string | null;
}

const HOUR_MS = 3_600_000;
// File systems may count time in ticks.
const CLOCK_GRAIN_MS = 1_000;

export const sweepHomes = async (options: SweepHomesOptions): Promise<SweptHomes> => {
  const sweep = new Sweep(options);
  await sweep.run();
  return sweep.counts;
};

class Sweep {
  private readonly options: SweepHomesOptions;
  private removedFiles = 0;
  private removedBytes = 0;
  private leftBytes = 0;
  private failed = 0;
  private problem: string | null = null;
  /** Bytes by hours since their last use. */
  private readonly hours = new Map<number, number>();

  constructor(options: SweepHomesOptions) {
    this.options = options;
  }

  get counts(): SweptHomes {
    const { removedFiles, removedBytes, leftBytes, failed, problem } = this;
    return { removedFiles, removedBytes, leftBytes, failed, problem };
  }

  async run(): Promise<void> {
    const { stateFolder, tenantId, policy, now } = this.options;
    const folder = homesFolder(stateFolder, tenantId);
    const begun = await begunAt(this.options);
    const agents = (await foldersIn(folder)).filter((name) => name === (this.options.agent ?? name));
    // A program that begins now writes later than this.
    const sparedFrom = (agent: string): number => (begun.get(agent) ?? now) - CLOCK_GRAIN_MS;
    const isUnused = ({ usedAt }: HomeEntry): boolean => now - usedAt > policy.unusedForMs;
    for (const agent of agents) {
      const home = join(folder, agent);
      // As it is before anything in it goes.
      const root = await homeEntry(home, this.note);
      for await (const entry of this.entries(home)) {
        if (isUnused(entry) && entry.changedAt < sparedFrom(agent)) await this.remove(entry);
        else if (!entry.isFolder) this.count(entry);
      }
      // One that is begun meanwhile has noted so before it looks for its home.
      if (root !== null && isUnused(root) && !(await begunAt(this.options)).has(agent)) await this.remove(root);
    }
    const oldest = this.oldestThatStays();
    if (oldest === Number.POSITIVE_INFINITY) return;
    for (const agent of agents)
      for await (const entry of this.entries(join(folder, agent)))
        if (!entry.isFolder && this.hourOf(entry) > oldest && entry.changedAt < sparedFrom(agent)) {
          await this.remove(entry);
          this.leftBytes -= entry.bytes;
        }
  }

  private async *entries(home: string): AsyncGenerator<HomeEntry, void> {
    for await (const entry of walkHome(home, this.note)) {
      if (this.options.signal?.aborted === true) return;
      yield entry;
    }
  }

  private count(entry: HomeEntry): void {
    const hour = this.hourOf(entry);
    this.hours.set(hour, (this.hours.get(hour) ?? 0) + entry.bytes);
    this.leftBytes += entry.bytes;
  }

  private hourOf({ usedAt }: HomeEntry): number {
    return Math.max(0, Math.floor((this.options.now - usedAt) / HOUR_MS));
  }

  /** In hours since its last use, of what there is room for. */
  private oldestThatStays(): number {
    let room = this.options.policy.maxBytes;
    if (this.leftBytes <= room) return Number.POSITIVE_INFINITY;
    for (const hour of [...this.hours.keys()].toSorted((one, other) => one - other)) {
      room -= this.hours.get(hour) ?? 0;
      if (room < 0) return hour - 1;
    }
    return Number.POSITIVE_INFINITY;
  }

  private async remove(entry: HomeEntry): Promise<void> {
    try {
      await (entry.isFolder ? rmdir(entry.path) : unlink(entry.path));
      if (entry.isFolder) return;
      this.removedFiles += 1;
      this.removedBytes += entry.bytes;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // Something in it stays.
      if (code !== "ENOTEMPTY" && code !== "EEXIST" && code !== "ENOENT") this.note(error);
    }
  }

  private readonly note = (error: unknown): void => {
    this.failed += 1;
    this.problem ??= PlatformError.from(error).message;
  };
}

/** Of each agent of the tenant that is at work, when the oldest of its tasks began. */
const begunAt = async ({
  stateFolder,
  tenantId,
}: Pick<SweepHomesOptions, "stateFolder" | "tenantId">): Promise<ReadonlyMap<string, number>> => {
  const begun = new Map<string, number>();
  for (const key of await listRuns(stateFolder)) {
    const record = await readRecord(runPaths(stateFolder, key)).catch(() => null);
    if (record === null || record.tenantId !== tenantId) continue;
    begun.set(record.agent, Math.min(record.startedAt, begun.get(record.agent) ?? Number.POSITIVE_INFINITY));
  }
  return begun;
};

export const tenantsWithHomes = (stateFolder: string): Promise<readonly string[]> =>
  foldersIn(join(stateFolder, "homes"));

export const describeSweptHomes = (
  tenantId: string,
  { removedFiles, removedBytes, failed, problem }: SweptHomes,
): string =>
  `removed ${removedFiles} files of ${removedBytes} bytes from homes of coding agents of ${tenantId}${failed === 0 ? "" : `; ${failed} could not be: ${problem}`}`;

const foldersIn = async (folder: string): Promise<readonly string[]> => {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch {
    return [];
  }
};
