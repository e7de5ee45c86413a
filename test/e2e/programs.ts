/** Programs of the repository as a user's shell runs them: processes of their own, in a folder of the user's. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));

// Far more than any of them takes; what it printed instead is worth more than the test's own time limit.
const PATIENCE_MS = 45_000;

const agentcore = join(root, "packages/cli/bin/agentcore.mjs");

interface Surroundings {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const surroundings = ({ cwd, env = {} }: Surroundings) => ({ cwd, env: { ...process.env, ...env } });

/** Resolves when the program and all that it started have ended. */
export const runProgram = async (
  command: string,
  words: readonly string[],
  where: Surroundings & { readonly stdin?: string },
): Promise<Ended> => {
  const child = spawn(command, words, { ...surroundings(where), stdio: "pipe" });
  child.stdin.end(where.stdin ?? "");
  const closed = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const [code, stdout, stderr] = await Promise.all([closed, text(child.stdout), text(child.stderr)]);
  return { code, stdout, stderr };
};

export const runAgentcore = (words: readonly string[], where: Surroundings & { readonly stdin?: string }) =>
  runProgram(process.execPath, [agentcore, ...words], where);

export class RunningProgram {
  /** What it has written to stdout and stderr until now. */
  output = "";
  /** Resolves when it and all that it started have ended. */
  readonly ended: Promise<void>;
  private readonly child: ChildProcess;
  private readonly watchers = new Set<() => void>();

  constructor(command: string, words: readonly string[], where: Surroundings) {
    this.child = spawn(command, words, { ...surroundings(where), stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        this.output += chunk.toString();
        for (const look of this.watchers) look();
      });
    }
    this.ended = new Promise((resolve, reject) => {
      this.child.once("error", reject);
      this.child.once("close", () => resolve());
    });
  }

  /** The first match in the output, also in what is written later. Rejects when the program ends or stays without it. */
  says(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(this.output);
        if (match === null) return;
        this.watchers.delete(look);
        resolve(match);
      };
      this.watchers.add(look);
      const missed = (what: string) => (): void => reject(new Error(`${what} without ${pattern}:\n${this.output}`));
      void this.ended.finally(missed("ended"));
      AbortSignal.timeout(PATIENCE_MS).addEventListener("abort", missed("went on"));
      look();
    });
  }

  kill(signal: NodeJS.Signals): Promise<void> {
    this.child.kill(signal);
    return this.ended;
  }
}

export const startAgentcore = (words: readonly string[], where: Surroundings): RunningProgram =>
  // Without the hand-over from one Node to the next, so that a signal reaches the node itself.
  new RunningProgram(process.execPath, ["-C", "agentcore-source", agentcore, ...words], where);

/** The address in what a node or a service prints when it is ready. */
export const addressOf = async (program: RunningProgram): Promise<string> =>
  (await program.says(/http:\/\/127\.0\.0\.1:\d+/))[0];
