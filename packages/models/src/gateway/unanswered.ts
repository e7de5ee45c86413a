import { type ErrorCode, PlatformError } from "@agentcore/contract/errors";
import { TOO_MANY_REQUESTS } from "../call/to-platform-error.ts";
import type { FailedTry } from "./ask-in-turn.ts";

// Of one that failed without saying when it is well again, beside others that do: not at once, and it is not waited for longer than for a limit a minute.
const LEAST_RETRY_MS = 1_000;
const MOST_RETRY_MS = 60_000;

/** Whether it was not asked, and may be soon. */
export const isLimited = ({ because }: FailedTry): boolean => because === "limited" || because === "full";

/**
 * Of one, its own error; of several all of theirs, retryable when one of them is, and when the first may be tried again, with `details.status` 429 when all
 * were asked too much. In a replay what was not recorded
 * is why nobody answered.
 */
export const unanswered = (name: string, tries: readonly FailedTry[]): PlatformError => {
  const [only] = tries;
  if (only !== undefined && tries.length === 1) return only.error;
  const missing = tries.find(({ error }) => error.code === "RECORDING_MISSING");
  if (missing !== undefined) return missing.error;
  const retryAfterMs = retryAfterOf(tries);
  const said = tries.map(({ target: { id }, error: { message } }) => `${id}: ${message}`).join("; ");
  return new PlatformError(
    codeOf(tries),
    `none of the ${tries.length} models that "${name}" leads to has answered: ${said}`.slice(0, 2000),
    {
      retryable: tries.some(({ error }) => error.retryable),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      ...(isTooMuch(tries) ? { details: { status: TOO_MANY_REQUESTS } } : {}),
    },
  );
};

/** Those that were passed over for a limit count as well: asked now, they would say the same. */
const isTooMuch = (tries: readonly FailedTry[]): boolean => {
  const asked = tries.filter((failed) => !isLimited(failed));
  return asked.length > 0 && asked.every(({ error }) => error.details?.["status"] === TOO_MANY_REQUESTS);
};

const codeOf = (tries: readonly FailedTry[]): ErrorCode => {
  if (tries.every(isLimited)) return "OVERLOADED";
  const [first] = tries;
  const isSame = tries.every(({ because, error }) => because === "refused" && error.code === first?.error.code);
  return first !== undefined && isSame ? first.error.code : "UPSTREAM_FAILED";
};

/**
 * Until the first of those that say when. Where others may be tried that do not say it, within bounds: whoever tries again at once, as often as it
 * may, has no try left when the first is free.
 */
const retryAfterOf = (tries: readonly FailedTry[]): number | undefined => {
  const retryable = tries.filter(({ error }) => error.retryable);
  const after = retryable.flatMap(({ error: { retryAfterMs } }) => retryAfterMs ?? []);
  if (after.length === 0) return undefined;
  const first = Math.min(...after);
  return after.length === retryable.length ? first : Math.min(MOST_RETRY_MS, Math.max(LEAST_RETRY_MS, first));
};
