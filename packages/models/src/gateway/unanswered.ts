import { PlatformError } from "@agentcore/contract/errors";
import type { FailedTry } from "./ask-in-turn.ts";

/**
 * Of one, its own error; of several all of theirs, retryable when one of them is, and when the first may be tried again. In a replay what was not recorded
 * is why nobody answered.
 */
export const unanswered = (name: string, tries: readonly FailedTry[]): PlatformError => {
  const [only] = tries;
  if (only !== undefined && tries.length === 1) return only.error;
  const missing = tries.find(({ error }) => error.code === "RECORDING_MISSING");
  if (missing !== undefined) return missing.error;
  const retryable = tries.filter(({ error }) => error.retryable);
  const after = retryable.flatMap(({ error: { retryAfterMs } }) => retryAfterMs ?? []);
  const isLimited = tries.every(({ because }) => because === "limited");
  const said = tries.map(({ target: { id }, error: { message } }) => `${id}: ${message}`).join("; ");
  return new PlatformError(
    isLimited ? "OVERLOADED" : "UPSTREAM_FAILED",
    `none of the ${tries.length} models that "${name}" leads to has answered: ${said}`.slice(0, 2000),
    {
      retryable: retryable.length > 0,
      // Where one of them may be tried at once, nobody waits for the others.
      ...(after.length === retryable.length && after.length > 0 ? { retryAfterMs: Math.min(...after) } : {}),
    },
  );
};
