/**
 * A program as a process: no shell, the environment that it is given and no other, bounds on its time and its output. It has ended when nothing is left of
 * what it started.
 */
import { findProgram } from "./find-program.ts";
import type { Launch, Launched } from "./launch.ts";
import { LineSplitter } from "./line-splitter.ts";

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
  /** With which rights it runs. */
  readonly launch: Launch;
}

/** Why it was ended before it ended by itself; null: it was not. */
export type StopReason = "time" | "output" | "canceled" | "turns" | "memory" | "processor";

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
  /** Asks it to end, then makes it. */
  stop(reason: StopReason): void;
  readonly ended: Promise<ProgramEnd>;
}

// A line may hold a file that was read, and more is left out.
const MAX_LINE_BYTES = 4 * 2 ** 20;
const KEPT_STDERR_CHARACTERS = 8_192;
export const TERM_GRACE_MS = 5_000;

/** Throws NOT_INSTALLED where there is no such program, UNAVAILABLE where it cannot be started. */
export const runProgram = async (
  request: ProgramRequest,
  onLine: (line: string) => void,
  signal: AbortSignal,
): Promise<RunningProgram> => {
  signal.throwIfAborted();
  const { command, args, cwd, env, marker, launch } = request;
  const launched = await launch({ file: findProgram(command, env["PATH"]), args, cwd, env, marker });
  return follow(launched, request, onLine, signal);
};

const follow = (
  { stdin, stdout, stderr, ask, kill, exited, finish }: Launched,
  { timeoutMs, maxOutputBytes, stdin: input }: ProgramRequest,
  onLine: (line: string) => void,
  signal: AbortSignal,
): RunningProgram => {
  const lines = new LineSplitter(MAX_LINE_BYTES);
  let stopped: StopReason | null = null;
  let said = "";
  let room = maxOutputBytes;
  let killer: ReturnType<typeof setTimeout> | undefined;
  const stop = (reason: StopReason): void => {
    if (stopped !== null) return;
    stopped = reason;
    ask();
    killer = setTimeout(kill, TERM_GRACE_MS);
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
  stdout.on("data", (chunk: Buffer) => {
    if (take(chunk.length)) for (const line of lines.push(chunk)) onLine(line);
  });
  stderr.on("data", (chunk: Buffer) => {
    if (take(chunk.length)) said = (said + chunk.toString("utf8")).slice(-KEPT_STDERR_CHARACTERS);
  });
  // What it does not read, its end tells.
  stdin.on("error", () => undefined);
  stdin.end(input);
  const end = async (): Promise<ProgramEnd> => {
    const { exitCode, limit } = await exited.finally(() => {
      clearTimeout(deadline);
      clearTimeout(killer);
      signal.removeEventListener("abort", onAbort);
    });
    await finish(stopped === null ? TERM_GRACE_MS : 0);
    for (const line of lines.end()) onLine(line);
    return { exitCode, stopped: stopped ?? limit, stderr: said, skippedLines: lines.skipped };
  };
  return { stop, ended: end() };
};
