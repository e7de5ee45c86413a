/**
 * What a task of a coding agent does, written with `ctx` like anybody's code:
 *
 *   worktree   its base is settled and its worktree made
 *   program    the program runs once, as a tool, so that it is begun at most once, held in budgets, and judged by policies
 *   events     what it tells meanwhile, in batches, each recorded and shown as progress
 *   collect    what it left becomes a commit
 *   checks     the commands of `validate`; what fails is told to the program, which goes on while turns are left
 *   describe   commits, files and the patch
 *   close      the worktree goes, the branch stays if there is work on it
 *   decision   people are asked, if they are to be
 *   merge      into the base
 *
 * R1 A run that was cut off is known by OUTCOME_UNKNOWN of its tool; it is gone on with in its session, or begun anew from the last commit.
 * R2 What decides comes from the log alone: results of steps and of the tool, never the events that are still on their way.
 * R3 Every step that touches the worktree opens it first: it may be another process, in another life of the node.
 */
import { PlatformError } from "@agentcore/contract";
import type { Context, TaskInput } from "@agentcore/contract/authoring";
import type { CodingResult } from "../coding-result.ts";
import type { CodingRuntime } from "../coding-runtime.ts";
import { closeWorkplace, type WorkBase } from "../work/workplace.ts";
import { type CodingTask, createCodingTask } from "./coding-task.ts";
import { deliverWork } from "./deliver-work.ts";
import { showChanges } from "./show-changes.ts";
import { workUntilDone } from "./work-until-done.ts";

// Of the folder of a process that is ending, and of providers that are away.
const OPEN_RETRY = { maxAttempts: 12, initialDelayMs: 250, maxDelayMs: 5_000 } as const;

export const createCodingRun =
  (runtime: CodingRuntime) =>
  async (task: TaskInput<unknown>, ctx: Context): Promise<CodingResult> => {
    const coding = createCodingTask(runtime, task, ctx);
    const { site } = coding;
    runtime.enter(site.key);
    // The task goes elsewhere, and what is below never goes on.
    ctx.signal.addEventListener("abort", () => runtime.leave(site.key), { once: true });
    try {
      return await work(coding);
    } catch (error) {
      const closing = close(coding, "Work of a task that did not come to its end");
      // Where nothing was settled, what is to be told is why.
      const kept = await (site.settled === null ? closing.catch(() => null) : closing);
      throw kept === null ? error : withBranch(error, kept);
    } finally {
      runtime.leave(site.key);
      void runtime.sweep();
    }
  };

const work = async (coding: CodingTask): Promise<CodingResult> => {
  const { ctx, site } = coding;
  const settled = await ctx.step(
    "worktree",
    async ({ signal }): Promise<WorkBase> => {
      const { record } = await site.open(signal);
      const { commonDir, branch, base: name, baseCommit } = record;
      return { commonDir, branch, base: name, baseCommit };
    },
    { retry: OPEN_RETRY },
  );
  site.settle(settled);
  const { collected, checks, reasons, session } = await workUntilDone(coding, settled);
  ctx.signal.throwIfAborted();
  const changes = await showChanges(coding, settled, collected);
  const branch = await close(coding, "Work of a coding agent");
  const { base, baseCommit } = settled;
  return deliverWork(coding, settled, {
    outcome: branch === null ? "unchanged" : "offered",
    complete: reasons.length === 0,
    ...{ reasons, text: session.text, branch, base, baseCommit, commit: collected.commit },
    ...{ changes, checks, turns: session.turns, spent: session.spent, session: session.id },
  });
};

/** Resolves with the branch, if there is work on it. */
const close = async ({ ctx, runtime, site }: CodingTask, message: string): Promise<string | null> => {
  const { branch } = await ctx.step(
    "close",
    async ({ signal }) => {
      if (!(await site.isBegun())) return { branch: null };
      // Whole or not: what is left of it goes.
      const { paths, record } = await site.open(signal, { isPrepared: false });
      return { branch: await closeWorkplace({ paths, record }, message) };
    },
    { retry: OPEN_RETRY },
  );
  // From here on nothing is there to be swept.
  runtime.leave(site.key);
  return branch;
};

const withBranch = (thrown: unknown, branch: string): PlatformError => {
  const error = PlatformError.from(thrown);
  const message = `${error.message} (what there is of its work is on branch ${branch})`;
  return new PlatformError(error.code, message, { details: { ...error.details, branch }, cause: error });
};
