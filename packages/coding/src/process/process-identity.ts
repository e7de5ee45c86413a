/**
 * Which process is meant, also after its number has gone to another: the number, when it began, and in which life of the machine. Read from /proc, so on
 * Linux alone; elsewhere no process of an earlier life is ever taken for one of ours.
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

export interface ProcessIdentity {
  readonly pid: number;
  /** In ticks since the machine began. */
  readonly startedAt: string;
  /** Of the machine's life, and of the namespace that numbers processes. */
  readonly life: string;
}

/** What a program is given in its environment, and whatever it starts inherits. */
export const MARKER_VARIABLE = "CODING_RUN_OF_AGENTCORE";

/** Null: there is none, or this machine does not tell. */
export const identify = (pid: number): ProcessIdentity | null => {
  const stat = readQuietly(`/proc/${pid}/stat`);
  const life = lifeOfMachine();
  if (stat === null || life === null) return null;
  // The name may hold spaces and brackets; what follows it does not.
  const [state, ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const startedAt = fields[18];
  // One that has ended and that nobody has asked about yet.
  return state === "Z" || startedAt === undefined ? null : { pid, startedAt, life };
};

export const isRunning = ({ pid, startedAt, life }: ProcessIdentity): boolean => {
  const now = identify(pid);
  return now !== null && now.startedAt === startedAt && now.life === life;
};

/** All processes that were given the marker, and theirs; those of other accounts do not tell. */
export const processesWith = (marker: string): readonly ProcessIdentity[] => {
  const wanted = `${MARKER_VARIABLE}=${marker}`;
  return numbersOfProcesses().flatMap((pid) => {
    if (pid === process.pid) return [];
    // Before its environment: what is read after it belongs to the same process if it still began then.
    const found = identify(pid);
    const environment = found === null ? null : readQuietly(`/proc/${pid}/environ`);
    return found !== null && environment?.split("\0").includes(wanted) === true ? [found] : [];
  });
};

const numbersOfProcesses = (): readonly number[] => {
  try {
    return readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
  } catch {
    return [];
  }
};

const lifeOfMachine = (): string | null => {
  const boot = readQuietly("/proc/sys/kernel/random/boot_id");
  if (boot === null) return null;
  try {
    return `${boot.trim()}/${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    return boot.trim();
  }
};

const readQuietly = (path: string): string | null => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
};
