import type { CodingEvent } from "./coding-event.ts";

/** What a run of a program is to do. */
export interface CodingTurn {
  readonly prompt: string;
  /** The session that it goes on with; null: a new one. */
  readonly session: string | null;
  readonly maxTurns: number;
  readonly model: string | undefined;
  readonly instructions: string | undefined;
  readonly allowedTools: readonly string[] | undefined;
  readonly maxCostUsd: number | undefined;
  /** Whether what the repository brings for the program counts. */
  readonly trustsRepository: boolean;
  /** Of the manifest. */
  readonly args: readonly string[];
  readonly resumeArgs: readonly string[] | undefined;
  /** A folder of this run alone, outside of the worktree, where `files` will be. */
  readonly folder: string;
}

/** How the program is called. The prompt goes in by standard input wherever that is possible: what is on a command line, all can read. */
export interface Invocation {
  /** Without the program itself. */
  readonly args: readonly string[];
  readonly stdin: string;
  readonly env: Readonly<Record<string, string>>;
  /** Relative to `folder`. */
  readonly files: Readonly<Record<string, string>>;
}

/** How a program is spoken to, as data: both functions are pure. */
export interface Dialect {
  /** What is run unless somebody says otherwise. */
  readonly command: string;
  /** Whether it can go on with a session. */
  readonly resumes: boolean;
  /** Whether it tells what a run cost. */
  readonly tellsCost: boolean;
  /** What it would read of the worktree, and run, whatever it is told: a repository that is not trusted may not have it. @default none */
  readonly unstoppable?: readonly string[];
  invoke(turn: CodingTurn): Invocation;
  /** A line of its standard output. Never throws: what it does not know tells nothing. */
  read(line: string): readonly CodingEvent[];
}
