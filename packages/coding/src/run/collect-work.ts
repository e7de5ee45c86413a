import type { StepContext } from "@agentcore/contract/authoring";
import type { CommittedWork } from "../git/commit-work.ts";
import type { CheckResult } from "../process/run-check.ts";
import { commitSite, restoreSite } from "../work/workplace.ts";
import type { CodingTask } from "./coding-task.ts";
import { commitMessage } from "./commit-message.ts";

export interface CollectedWork {
  readonly collected: CommittedWork;
  /** Null: there were none to run. */
  readonly checks: readonly CheckResult[] | null;
}

/** What a program has left becomes a commit, which is checked. */
export const collectWork = async (coding: CodingTask): Promise<CollectedWork> => {
  const { ctx, runtime, site } = coding;
  const message = commitMessage(coding.task);
  const collected = await ctx.step("collect", async ({ signal }) =>
    commitSite(await site.open(signal), message, signal),
  );
  const isChecked = collected.isChanged && (runtime.spec.validate ?? []).length > 0;
  return { collected, checks: isChecked ? await ctx.step("checks", (step) => check(coding, step)) : null };
};

/** What checks leave in the worktree is taken away: the next commit is the program's alone. */
const check = async ({ runtime, site }: CodingTask, { signal }: StepContext): Promise<readonly CheckResult[]> => {
  const opened = await site.open(signal);
  const { place, record } = opened;
  const working = { place, base: record, branch: record.branch, marker: record.marker };
  const checks = await site.run(runtime.spec.validate ?? [], working, signal);
  await restoreSite(opened, signal);
  return checks;
};
