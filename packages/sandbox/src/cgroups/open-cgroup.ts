/** One group of processes for one run: made, watched, emptied, removed. */
import { randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, readlinkSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CgroupPlaces } from "./find-cgroups.ts";

export interface CgroupLimits {
  readonly memoryBytes: number;
  /** Processes and threads. */
  readonly processes: number;
}

export interface Cgroup {
  /** A process that writes 0 into each of these joins it, and so do its children. */
  readonly joinFiles: readonly string[];
  cpuMs(): number;
  peakMemoryBytes(): number;
  /** Processes that the kernel ended for want of memory. */
  memoryKills(): number;
  /** Kills all that is in it, waits until that is gone, and removes it. */
  close(): Promise<void>;
}

// Gone within a few milliseconds; a process that the kernel holds in a call may take longer.
const EMPTY_LIMIT_MS = 5_000;

export const openCgroup = (places: CgroupPlaces, limits: CgroupLimits): Cgroup => {
  const name = `${prefix()}${process.pid}-${randomUUID()}`;
  return places.version === 2 ? openUnified(join(places.folder, name), limits) : openFirst(places, name, limits);
};

/** Ends and removes what is left of a node that was killed. Bubblewrap ends with it, but for the moment before it has asked for that. */
export const removeOrphans = async (places: CgroupPlaces): Promise<void> => {
  for (const folder of new Set(foldersOf(places)))
    for (const name of readdirSync(folder)) {
      const [, pid] = name.startsWith(prefix()) ? (/^(\d+)-/.exec(name.slice(prefix().length)) ?? []) : [];
      if (pid === undefined || isAlive(Number(pid))) continue;
      await empty([join(folder, name)], () => {});
    }
};

/** A pid means something in its own namespace only. */
const prefix = (): string => `agentcore-sandbox-${/\d+/.exec(readlinkSync("/proc/self/ns/pid"))?.[0]}-`;

const openUnified = (folder: string, limits: CgroupLimits): Cgroup => {
  const file = (name: string): string => join(folder, name);
  mkdirSync(folder);
  try {
    writeFileSync(file("memory.max"), String(limits.memoryBytes));
    // What is swapped out is held all the same.
    writeIfThere(file("memory.swap.max"), "0");
    writeIfThere(file("memory.oom.group"), "1");
    writeFileSync(file("pids.max"), String(limits.processes));
  } catch (error) {
    rmdirSync(folder);
    throw error;
  }
  return {
    joinFiles: [file("cgroup.procs")],
    cpuMs: () => numberAfter(file("cpu.stat"), "usage_usec") / 1_000,
    peakMemoryBytes: () => numberIn(file("memory.peak")),
    memoryKills: () => numberAfter(file("memory.events"), "oom_kill"),
    close: () => empty([folder], () => writeIfThere(file("cgroup.kill"), "1")),
  };
};

const openFirst = (places: Extract<CgroupPlaces, { version: 1 }>, name: string, limits: CgroupLimits): Cgroup => {
  const [memory, pids, cpuacct, cpu] = [places.memory, places.pids, places.cpuacct, places.cpu].map((folder) =>
    join(folder, name),
  ) as [string, string, string, string];
  // Controllers may share a hierarchy. `cpu` has no limit of its own: in a group, all its processes get no more than one outside does.
  const folders = [...new Set([memory, pids, cpuacct, cpu])];
  const opened: string[] = [];
  try {
    for (const folder of folders) {
      mkdirSync(folder);
      opened.push(folder);
    }
    writeFileSync(join(memory, "memory.limit_in_bytes"), String(limits.memoryBytes));
    // Memory with swap; absent where the kernel does not count swap, and then nothing of it is swapped out.
    writeIfThere(join(memory, "memory.memsw.limit_in_bytes"), String(limits.memoryBytes));
    writeIfThere(join(memory, "memory.swappiness"), "0");
    writeFileSync(join(pids, "pids.max"), String(limits.processes));
  } catch (error) {
    for (const folder of opened) rmdirSync(folder);
    throw error;
  }
  return {
    joinFiles: folders.map((folder) => join(folder, "cgroup.procs")),
    cpuMs: () => numberIn(join(cpuacct, "cpuacct.usage")) / 1_000_000,
    peakMemoryBytes: () => numberIn(join(memory, "memory.max_usage_in_bytes")),
    memoryKills: () => numberAfter(join(memory, "memory.oom_control"), "oom_kill"),
    close: () => empty(folders, () => {}),
  };
};

const empty = async (folders: readonly string[], killAll: () => void): Promise<void> => {
  const until = performance.now() + EMPTY_LIMIT_MS;
  for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, 50)) {
    killAll();
    for (const folder of folders) for (const pid of pidsIn(folder)) kill(pid);
    if (folders.every(isRemoved)) return;
    // Left behind, empty or nearly so; the next node that starts here removes it.
    if (performance.now() > until) return;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
};

const isRemoved = (folder: string): boolean => {
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT";
  }
};

const pidsIn = (folder: string): number[] => {
  try {
    return readFileSync(join(folder, "cgroup.procs"), "utf8").split("\n").filter(Boolean).map(Number);
  } catch {
    return [];
  }
};

const kill = (pid: number): void => {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Gone already.
  }
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
};

const foldersOf = (places: CgroupPlaces): string[] =>
  places.version === 2 ? [places.folder] : [places.memory, places.pids, places.cpuacct, places.cpu];

const writeIfThere = (file: string, value: string): void => {
  try {
    writeFileSync(file, value, { flag: "r+" });
  } catch {
    // This kernel has no such file.
  }
};

const numberIn = (file: string): number => {
  try {
    return Number(readFileSync(file, "utf8"));
  } catch {
    return 0;
  }
};

/** Of lines `name value`. */
const numberAfter = (file: string, name: string): number => {
  try {
    return Number(new RegExp(`^${name} (\\d+)`, "m").exec(readFileSync(file, "utf8"))?.[1] ?? 0);
  } catch {
    return 0;
  }
};
