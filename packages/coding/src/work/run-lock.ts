import { link, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { PlatformError } from "@agentcore/contract";
import { identify, isRunning, type ProcessIdentity } from "../process/process-identity.ts";
import type { RunPaths } from "./run-record.ts";

const TRIES = 20;
let made = 0;

/**
 * Takes the run's folder for this process: one process at a time may work there, and one that has died holds nothing. Again from the same process it is taken
 * already. Throws CONFLICT, which may be tried again, where another lives.
 */
export const takeRun = async (paths: RunPaths): Promise<void> => {
  const own = identify(process.pid);
  if (own === null)
    throw new PlatformError(
      "UNSUPPORTED_OPERATION",
      "coding agents run on Linux: elsewhere processes of an earlier life cannot be told from others",
    );
  await mkdir(paths.folder, { recursive: true, mode: 0o700 });
  made += 1;
  const fresh = `${paths.lock}.${own.pid}.${made}`;
  await writeFile(fresh, JSON.stringify(own), { mode: 0o600 });
  try {
    for (let turn = 0; turn < TRIES; turn++) {
      if (await linked(fresh, paths.lock)) return;
      const holder = await holderOf(paths.lock);
      if (holder === null) continue;
      if (isSame(holder, own)) return;
      if (isRunning(holder))
        throw new PlatformError("CONFLICT", `process ${holder.pid} works on this task already`, { retryable: true });
      // Of several who see that it is dead, one takes it away; what they then find was made since.
      await rename(paths.lock, `${fresh}.dead`).catch(() => undefined);
      await putBackIfAlive(`${fresh}.dead`, paths.lock);
    }
    throw new PlatformError("CONFLICT", "the task's folder is taken again and again", { retryable: true });
  } finally {
    await rm(fresh, { force: true });
    await rm(`${fresh}.dead`, { force: true });
  }
};

/** Whether a process that lives, and is not this one, works there. */
export const isTakenByOther = async (paths: RunPaths): Promise<boolean> => {
  const holder = await holderOf(paths.lock);
  return holder !== null && holder.pid !== process.pid && isRunning(holder);
};

/** Whether a process took it that has died. */
export const isAbandoned = async (paths: RunPaths): Promise<boolean> => {
  const holder = await holderOf(paths.lock);
  return holder !== null && !isRunning(holder);
};

/** Between the look and the taking away another may have taken it. */
const putBackIfAlive = async (taken: string, lock: string): Promise<void> => {
  const holder = await holderOf(taken);
  if (holder !== null && isRunning(holder)) await linked(taken, lock);
};

const linked = async (from: string, to: string): Promise<boolean> => {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
};

const holderOf = async (lock: string): Promise<ProcessIdentity | null> => {
  try {
    return JSON.parse(await readFile(lock, "utf8")) as ProcessIdentity;
  } catch {
    return null;
  }
};

const isSame = (one: ProcessIdentity, other: ProcessIdentity): boolean =>
  one.pid === other.pid && one.startedAt === other.startedAt && one.life === other.life;
