/** Brings work that is complete into its base, where its agent is to merge and people do not say no; else it is offered, with the reason. */
import type { CodingResult } from "../coding-result.ts";
import { bounded } from "../dialects/coding-event.ts";
import { type MergeOutcome, mergeBranch } from "../git/merge-branch.ts";
import { endProcesses } from "../process/end-processes.ts";
import { TERM_GRACE_MS } from "../process/run-program.ts";
import { takeRun } from "../work/run-lock.ts";
import { mergeMarker, removeRun } from "../work/run-record.ts";
import { deleteMergedBranch, repositoryPlace, type WorkBase } from "../work/workplace.ts";
import { CODING_DEFAULTS } from "./coding-defaults.ts";
import { endOf } from "./coding-prompts.ts";
import type { CodingTask } from "./coding-task.ts";
import { commitMessage } from "./commit-message.ts";
import { PROGRESS_CHARACTERS } from "./task-progress.ts";

export const deliverWork = async (coding: CodingTask, base: WorkBase, result: CodingResult): Promise<CodingResult> => {
  const { spec } = coding.runtime;
  const { branch, commit, changes } = result;
  if (branch === null || spec.deliver !== "merge" || !result.complete) return result;
  const offered = (reason: string): CodingResult => ({ ...result, reasons: [reason] });
  if (changes.linksOut.length > 0)
    return offered(`not merged: links lead out of the repository: ${changes.linksOut.join(", ")}`);
  const refused = spec.approval === "always" ? await askPeople(coding, result) : null;
  if (refused !== null) return offered(refused);
  const merged = await merge(coding, base, { commit, branch });
  if (merged.outcome === "merged") return { ...result, outcome: "merged", branch: null, commit: merged.commit };
  return offered(`not merged: ${reasonOf(merged)}`);
};

/** Null: they approve, of exactly that commit. */
const askPeople = async ({ ctx, runtime }: CodingTask, result: CodingResult): Promise<string | null> => {
  const { approvers } = runtime.spec;
  const { base, commit, changes, checks, text, branch } = result;
  const { files, filesChanged, added, removed, commits } = changes;
  const { choice, by } = await ctx.waitForDecision({
    prompt: `Merge ${branch} (${filesChanged} files, +${added} −${removed}) into ${base}?`,
    show: {
      ...{ branch, base, commit, filesChanged, added, removed },
      ...{ commits: commits.slice(0, 20), files: files.slice(0, 100), text: bounded(text, PROGRESS_CHARACTERS) },
      checks: (checks ?? []).map(({ command, passed }) => ({ command: bounded(command.join(" "), 200), passed })),
    },
    ...(approvers === undefined ? {} : { approvers }),
  });
  if (choice === "approve") return null;
  const said = by.map(({ caller, comment }) => (comment === undefined ? caller : `${caller}: ${comment}`));
  return `not merged: it was not approved by ${said.join("; ")}`;
};

const merge = (
  { runtime, task, ctx, site }: CodingTask,
  base: WorkBase,
  { commit, branch }: { readonly commit: string; readonly branch: string },
): Promise<MergeOutcome> => {
  const { spec, shared } = runtime;
  const { key, paths } = site;
  const commands = [...(spec.prepare ?? []), ...(spec.validate ?? [])];
  return ctx.step("merge", ({ signal }) =>
    shared.inTurn(async () => {
      // By an earlier life of the node.
      await takeRun(paths);
      await endProcesses(mergeMarker(key), TERM_GRACE_MS);
      const outcome = await mergeBranch(
        {
          ...{ repository: repositoryPlace(base), base: base.base, commit, folder: paths.merge },
          person: spec.author ?? CODING_DEFAULTS.author,
          message: `Merge ${branch}\n\n${commitMessage(task)}`,
          check: (place, during) => site.run(commands, { place, base, branch: null, marker: mergeMarker(key) }, during),
        },
        signal,
      );
      if (outcome.outcome === "merged") await deleteMergedBranch(base, base.base, signal);
      await removeRun(paths);
      return outcome;
    }),
  );
};

const reasonOf = (outcome: Exclude<MergeOutcome, { outcome: "merged" }>): string => {
  switch (outcome.outcome) {
    case "conflict":
      return `conflict in ${outcome.files.join(", ")}`;
    case "failed": {
      const failed = outcome.checks.filter(({ passed }) => !passed);
      return `merged with the base it does not pass: ${failed.map((check) => `${check.command.join(" ")} ${endOf(check)}`).join("; ")}`;
    }
    case "refused":
      return outcome.reason;
  }
};
