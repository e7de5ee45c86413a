/** Runs the program again and again, until it is done and what it did passes, or turns or tries are used up. */
import { TerminalError } from "@agentcore/contract";
import { inputText } from "@agentcore/sdk";
import { beginAnew, type WorkBase } from "../work/workplace.ts";
import { CODING_DEFAULTS } from "./coding-defaults.ts";
import { CUT_OFF, describeFailure, endOf } from "./coding-prompts.ts";
import type { CodingTask } from "./coding-task.ts";
import { type CollectedWork, collectWork } from "./collect-work.ts";
import { type Ended, ProgramSession } from "./program-session.ts";

export interface DoneWork extends CollectedWork {
  readonly session: Pick<ProgramSession, "id" | "text" | "turns" | "spent">;
  /** Why it is not complete. */
  readonly reasons: readonly string[];
}

const FIRST_RETRY_MS = 1_000;

/** Throws AGENT_FAILED where the program does not come to an end in `maxTries`. */
export const workUntilDone = async (coding: CodingTask, base: WorkBase): Promise<DoneWork> => {
  const { ctx, runtime, progress } = coding;
  const { program, maxTries = CODING_DEFAULTS.maxTries } = runtime.spec;
  const session = new ProgramSession(coding);
  const { resumes } = session.dialect;
  const task = inputText(coding.task);
  let prompt = task;
  let commit = base.baseCommit;
  for (let tries = 0; ; ) {
    const ended = await session.run(prompt);
    ctx.signal.throwIfAborted();
    if (ended.how === "lost" || ended.how === "failed") {
      tries += 1;
      const why = ended.how === "lost" ? "its process was lost with the node" : ended.why;
      if (tries >= maxTries) throw new TerminalError(`${program} did not come to an end in ${tries} tries: ${why}`);
      await progress.say(`${program}: ${why}; it is tried again`);
      // A session that cannot be gone on with is none.
      const isResumable = resumes && session.id !== null && (ended.how === "lost" || ended.run.turns > 0);
      if (!isResumable) {
        session.leave();
        await goBackTo(coding, commit, tries);
      }
      prompt = isResumable ? CUT_OFF : task;
      if (ended.how === "failed") await ctx.sleep(FIRST_RETRY_MS * 4 ** (tries - 1), { key: `retry ${tries}` });
      continue;
    }
    const work = await collectWork(coding);
    commit = work.collected.commit;
    const { leftOut } = work.collected;
    const failed = (work.checks ?? []).filter(({ passed }) => !passed);
    const isWrong = failed.length > 0 || leftOut.length > 0;
    if (!isWrong || ended.how !== "done" || session.turns >= session.maxTurns)
      return { ...work, session, reasons: reasonsOf(ended, work, program, session.maxTurns) };
    await progress.say(
      `does not pass: ${failed.map((check) => `${check.command.join(" ")} ${endOf(check)}`).join("; ")}`,
    );
    const failure = describeFailure(work.checks ?? [], leftOut);
    prompt = resumes && session.id !== null ? failure : `${task}\n\n${failure}`;
    if (!resumes) session.leave();
  }
};

const goBackTo = async ({ ctx, site, progress }: CodingTask, commit: string, attempt: number): Promise<void> => {
  const kept = await ctx.step("begin-anew", async ({ signal }) => {
    return { branch: await beginAnew(await site.open(signal), commit, attempt, signal) };
  });
  if (kept.branch !== null) await progress.say(`what was there is kept on branch ${kept.branch}`);
};

const reasonsOf = (
  ended: Exclude<Ended, { how: "lost" | "failed" }>,
  { collected, checks }: CollectedWork,
  program: string,
  maxTurns: number,
): readonly string[] => [
  ...(ended.how === "turns" ? [`the ${maxTurns} turns are used up`] : []),
  ...(ended.how === "stopped" ? [`${program} was stopped: ${ended.why}`] : []),
  ...(checks ?? []).flatMap((check) => (check.passed ? [] : [`${check.command.join(" ")} ${endOf(check)}`])),
  ...collected.leftOut.map((path) => `${path} is a repository of its own, and was left out`),
];
