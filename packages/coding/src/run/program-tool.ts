/** One run of the program in the task's worktree, as a tool: begun at most once, held in budgets, and judged by policies. */
import { lstat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PlatformError } from "@agentcore/contract";
import type { Tool, ToolContext } from "@agentcore/contract/authoring";
import { tool } from "@agentcore/sdk";
import { withTexts } from "../dialects/coding-event.ts";
import type { Dialect } from "../dialects/dialect.ts";
import { type RunSummary, RunTally, type Spent } from "../dialects/run-tally.ts";
import { runProgram, type StopReason } from "../process/run-program.ts";
import { freshFolder } from "../work/workplace.ts";
import { CODING_DEFAULTS } from "./coding-defaults.ts";
import type { CodingTask } from "./coding-task.ts";
import { EventQueue } from "./event-queue.ts";
import { secretBlanker } from "./secret-blanker.ts";
import { toldOf } from "./task-progress.ts";

/** What the tool comes to, as the log has it. */
export interface ProgramRun extends RunSummary {
  readonly exitCode: number;
  readonly stopped: StopReason | null;
  readonly stderr: string;
}

export interface ProgramTurn {
  readonly prompt: string;
  /** Gone on with; null: a new one. */
  readonly session: string | null;
  /** Of the session, before this run. */
  readonly before: Spent;
  readonly maxTurns: number;
}

// Beyond the program's own time: for its end, and the way to it.
const TOOL_GRACE_MS = 120_000;

/** Made anew for each run, and for each replay of it. What the program tells is in the queue meanwhile. */
export const createProgramTool = (
  { runtime, site }: Pick<CodingTask, "runtime" | "site">,
  dialect: Dialect,
  { prompt, session, before, maxTurns }: ProgramTurn,
): { readonly queue: EventQueue; readonly program: Tool<unknown, ProgramRun> } => {
  const { spec } = runtime;
  const queue = new EventQueue();
  const maxCostUsd = spec.maxCostUsd ?? (dialect.tellsCost ? CODING_DEFAULTS.maxCostUsd : undefined);
  const timeoutMs = spec.timeoutMs ?? CODING_DEFAULTS.timeoutMs;
  const execute = async (_: unknown, { signal, spent }: ToolContext): Promise<ProgramRun> => {
    const { place, record, paths } = await site.open(signal);
    const { trustsRepository = false } = spec;
    if (!trustsRepository) await refuseSettings(spec.program, dialect, place.folder);
    const blank = secretBlanker(runtime.secrets());
    const folder = await freshFolder(paths.program);
    const { args, stdin, env, files } = dialect.invoke({
      ...{ prompt, session, maxTurns, maxCostUsd, folder, trustsRepository },
      ...{ model: spec.model, instructions: spec.instructions, allowedTools: spec.allowedTools },
      ...{ args: spec.args ?? [], resumeArgs: spec.resumeArgs },
    });
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content, { mode: 0o600 });
    const launch = await site.launch({ place, base: record, branch: record.branch }, signal, (message) =>
      queue.add({ type: "problem", message }),
    );
    const tally = new RunTally(before);
    const running = await runProgram(
      {
        ...{ command: spec.command ?? dialect.command, args, stdin, cwd: place.folder },
        ...{ marker: record.marker, timeoutMs, launch },
        env: { ...(await site.environment()), ...env },
        maxOutputBytes: spec.maxOutputBytes ?? CODING_DEFAULTS.maxOutputBytes,
      },
      (line) => {
        // Before it is read, since what is cut there may end within one; and after, since JSON has other ways to write it.
        for (const event of dialect.read(blank(line)).map((each) => withTexts(each, blank))) {
          tally.note(event);
          const told = toldOf(event);
          if (told !== null) queue.add(told);
        }
        // It was to stop by itself; who cannot is stopped as it begins the next.
        if (tally.turnCount > maxTurns) running.stop("turns");
      },
      signal,
    );
    runtime.shared.note(running.ended);
    const { exitCode, stopped, stderr } = await running.ended;
    const { summary } = tally;
    if (maxCostUsd !== undefined && summary.spent.costUsd !== null) spent?.(summary.spent.costUsd);
    const turns = stopped === "turns" ? maxTurns : summary.turns;
    // Told in pieces, it is whole only now.
    return { ...summary, text: blank(summary.text), turns, exitCode, stopped, stderr: blank(stderr) };
  };
  const program: Tool<unknown, ProgramRun> = tool({
    name: spec.program,
    description: `Runs ${spec.program} in the task's worktree`,
    input: ANYTHING,
    inputJsonSchema: {},
    timeoutMs: timeoutMs + TOOL_GRACE_MS,
    ...(maxCostUsd === undefined ? {} : { costUsd: maxCostUsd }),
    execute,
  });
  return { queue, program };
};

const ANYTHING = {
  "~standard": { version: 1, vendor: "agentcore", validate: (value: unknown) => ({ value }) },
} as const;

/** Looked for before each run: also the one before may have left it. */
const refuseSettings = async (program: string, { unstoppable = [] }: Dialect, folder: string): Promise<void> => {
  for (const name of unstoppable) {
    const found = await lstat(join(folder, name)).catch(() => null);
    if (found !== null)
      throw new PlatformError(
        "PERMISSION_DENIED",
        `the repository has ${name}, which ${program} would run code of whatever it is told; remove it, or set trustsRepository`,
      );
  }
};
