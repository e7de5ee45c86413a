import type { CommittedWork } from "../git/commit-work.ts";
import { describeWork, patchOf, type WorkDescription } from "../git/describe-work.ts";
import { repositoryPlace, type WorkBase } from "../work/workplace.ts";
import type { CodingTask } from "./coding-task.ts";
import { secretBlanker } from "./secret-blanker.ts";

const MAX_PATCH_BYTES = 512 * 1024;

/** Describes what was changed since the base, with the patch as an artifact of the task. */
export const showChanges = async (
  { ctx, runtime, progress }: CodingTask,
  base: WorkBase,
  { commit, isChanged }: CommittedWork,
): Promise<WorkDescription> => {
  const range = { from: base.baseCommit, to: commit };
  const place = repositoryPlace(base);
  const { changes, patch } = await ctx.step("describe", async ({ signal }) => ({
    changes: await describeWork(place, range, signal),
    patch: isChanged ? await patchOf(place, { ...range, maxBytes: MAX_PATCH_BYTES }, signal) : "",
  }));
  if (patch !== null && patch !== "")
    await ctx.artifact({
      name: "changes.patch",
      text: secretBlanker(runtime.secrets())(patch),
      mediaType: "text/x-diff",
    });
  if (patch === null)
    await progress.say(`the patch has more than ${MAX_PATCH_BYTES} bytes, and is on the branch alone`);
  return changes;
};
