/**
 * A program as a child that leads a process group of its own: no shell, the environment that it is given and no other, bounds on its time and its output.
 * It has ended when nothing is left of what it started: its group, and whatever carries its marker.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import { PlatformError } from "@agentcore/contract";
import { endProcesses } from "./end-processes.ts";
import { endsWithUs, findProgram } from "./find-program.ts";
import { LineSplitter } from "./line-splitter.ts";
import { MARKER_VARIABLE } from "./process-identity.ts";

export interface ProgramRequest {
  /** A name that is looked for in the PATH of `env`, or an absolute path. */
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string;
  /** By which what it starts is known, also after this process has died. */
  readonly marker: string;
  readonly timeoutMs: number;
  /** Of both of its outputs together. */
  readonly maxOutputBytes: number;
}

/** Why it was ended before it ended by itself; null: it was not. */
export type StopReason = "time" | "output" | "canceled" | "turns";

export interface ProgramEnd {
  /** As a shell tells it: 128 + n after signal n. */
  readonly exitCode: number;
  readonly stopped: StopReason | null;
  /** The last of what it wrote to standard error. */
  readonly stderr: string;
  /** Lines of standard output that were longer than a line may be. */
  readonly skippedLines: number;
}

export interface RunningProgram {
  readonly pid: number;
  /** Asks it to end, then makes it. */
  stop(reason: StopReason): void;
  readonly ended: Promise<ProgramEnd>;
}

// A line may hold a file that was read, and more is left out.
const MAX_LINE_BYTES = 4 * 2 ** 20;
const KEPT_STDERR_CHARACTERS = 8_192;
export const TERM_GRACE_MS = 5_000;
// For what is still in its pipes when others hold them open.
const DRAIN_MS = 1_000;

/** Throws NOT_INSTALLED where there is no such program, UNAVAILABLE where it cannot be started. */
export const runProgram = async (
  request: ProgramRequest,
  onLine: (line: string) => void,
  signal: AbortSignal,
): Promise<RunningProgram> => {
  signal.throwIfAborted();
  const { command, args, cwd, env, marker, stdin } = request;
  const file = findProgram(command, env["PATH"]);
  const [first = file, ...rest] = [...endsWithUs(), file, ...args];
  const child = spawn(first, rest, {
    ...{ cwd, shell: false, detached: true, windowsHide: true, stdio: ["pipe", "pipe", "pipe"] },
    env: { ...env, [MARKER_VARIABLE]: marker },
  });
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", (cause) =>
      reject(new PlatformError("UNAVAILABLE", `${command} cannot be started: ${cause.message}`, { cause })),
    );
  });
  return follow(child, request, onLine, signal, stdin);
};

const follow = (
  child: ChildProcess,
  { marker, timeoutMs, maxOutputBytes }: ProgramRequest,
  onLine: (line: string) => void,
  signal: AbortSignal,
  input: string,
): RunningProgram => {
  const { pid = 0, stdin, stdout, stderr } = child;
  const lines = new LineSplitter(MAX_LINE_BYTES);
  let stopped: StopReason | null = null;
  let said = "";
  let room = maxOutputBytes;
  let killer: ReturnType<typeof setTimeout> | undefined;
  const stop = (reason: StopReason): void => {
    if (stopped !== null) return;
    stopped = reason;
    signalGroup(pid, "SIGTERM");
    killer = setTimeout(() => signalGroup(pid, "SIGKILL"), TERM_GRACE_MS);
  };
  const take = (bytes: number): boolean => {
    room -= bytes;
    if (room < 0) stop("output");
    return room >= 0;
  };
  const deadline = setTimeout(() => stop("time"), timeoutMs);
  const onAbort = (): void => stop("canceled");
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  stdout?.on("data", (chunk: Buffer) => {
    if (take(chunk.length)) for (const line of lines.push(chunk)) onLine(line);
  });
  stderr?.on("data", (chunk: Buffer) => {
    if (take(chunk.length)) said = (said + chunk.toString("utf8")).slice(-KEPT_STDERR_CHARACTERS);
  });
  // What it does not read, its end tells.
  stdin?.on("error", () => undefined);
  stdin?.end(input);
  // At once: it may come right behind the exit.
  const closed = new Promise<void>((resolve) => void child.once("close", () => resolve()));
  const finish = async (): Promise<ProgramEnd> => {
    const [code, killedBy] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) =>
      child.once("exit", (exitCode, by) => resolve([exitCode, by])),
    );
    clearTimeout(deadline);
    clearTimeout(killer);
    signal.removeEventListener("abort", onAbort);
    // Those of its group that it left behind hold its pipes open.
    signalGroup(pid, "SIGKILL");
    await endProcesses(marker, stopped === null ? TERM_GRACE_MS : 0);
    stdout?.resume();
    await within(closed, DRAIN_MS);
    stdout?.destroy();
    stderr?.destroy();
    for (const line of lines.end()) onLine(line);
    return { exitCode: code ?? 128 + numberOf(killedBy), stopped, stderr: said, skippedLines: lines.skipped };
  };
  return {
    pid,
    stop,
    ended: finish(),
  };
};

const signalGroup = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(-pid, signal);
  } catch {
    // Nothing of it is left.
  }
};

const numberOf = (signal: NodeJS.Signals | null): number => (signal === null ? 0 : constants.signals[signal]);

const within = (work: Promise<void>, ms: number): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    void work.then(() => {
      clearTimeout(timer);
      resolve();
    });
  });
