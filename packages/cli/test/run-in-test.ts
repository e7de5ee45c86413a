import type { LineReader } from "../src/line-reader.ts";
import { runCommandLine } from "../src/run-command-line.ts";

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface RunOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly stdin?: string;
  readonly openLines?: () => LineReader;
  readonly signal?: AbortSignal;
}

/** Runs a command line in this process and keeps what it wrote. */
export const runInTest = async (words: readonly string[], options: RunOptions = {}): Promise<Ran> => {
  let stdout = "";
  let stderr = "";
  const code = await runCommandLine(words, {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    environment: options.environment ?? {},
    cwd: options.cwd ?? process.cwd(),
    readStdin: async () => options.stdin ?? "",
    openLines: options.openLines,
    signal: options.signal ?? new AbortController().signal,
  });
  return { code, stdout, stderr };
};
