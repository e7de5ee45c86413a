import type { Readable, Writable } from "node:stream";

export interface LaunchRequest {
  /** Where the program is, on this machine. */
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** By which all that it starts is known, also after this process has died. */
  readonly marker: string;
}

/** A program that runs, with the rights of this account or with fewer. */
export interface Launched {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Asks it to end. */
  ask(): void;
  /** Ends it now. */
  kill(): void;
  readonly exited: Promise<Exit>;
  /** Ends what it has left behind, after it has ended: asks first for `graceMs`, where that can be. Resolves once nothing is left and its pipes are read. */
  finish(graceMs: number): Promise<void>;
}

export interface Exit {
  /** As a shell tells it: 128 + n after signal n. */
  readonly exitCode: number;
  /** What it took too much of. */
  readonly limit: "memory" | "processor" | null;
}

/** Throws UNAVAILABLE where it cannot be started. */
export type Launch = (request: LaunchRequest) => Promise<Launched>;
