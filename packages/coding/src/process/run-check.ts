import { bounded } from "../dialects/coding-event.ts";
import { type ProgramRequest, runProgram, type StopReason } from "./run-program.ts";

/** What a command that checks something came to. */
export interface CheckResult {
  readonly command: readonly string[];
  readonly passed: boolean;
  readonly exitCode: number;
  readonly stopped: StopReason | null;
  /** The last of both of its outputs. */
  readonly output: string;
}

const KEPT_CHARACTERS = 8_192;

/** One after the other until one does not pass. */
export const runChecks = async (
  commands: readonly (readonly string[])[],
  request: Omit<ProgramRequest, "command" | "args" | "stdin">,
  signal: AbortSignal,
): Promise<readonly CheckResult[]> => {
  const results: CheckResult[] = [];
  for (const command of commands) {
    const result = await runCheck(command, request, signal);
    results.push(result);
    if (!result.passed) break;
  }
  return results;
};

const runCheck = async (
  command: readonly string[],
  request: Omit<ProgramRequest, "command" | "args" | "stdin">,
  signal: AbortSignal,
): Promise<CheckResult> => {
  const [program = "", ...args] = command;
  let said = "";
  const running = await runProgram(
    { ...request, command: program, args, stdin: "" },
    (line) => {
      said = `${said}${line}\n`.slice(-KEPT_CHARACTERS);
    },
    signal,
  );
  const { exitCode, stopped, stderr } = await running.ended;
  signal.throwIfAborted();
  const passed = exitCode === 0 && stopped === null;
  return {
    command,
    passed,
    exitCode,
    stopped,
    output: bounded(`${said}${stderr}`.trim().slice(-KEPT_CHARACTERS), KEPT_CHARACTERS),
  };
};
