/** The time a call may take, whole and up to its first token, and who else may end it. */
export interface Deadlines {
  /** Ends the call: aborted by the caller, or by time. */
  readonly signal: AbortSignal;
  /** Milliseconds that have passed without the answer, or its first token, if that is what ended it. */
  readonly expired: { readonly timeoutMs: number; readonly isFirstToken: boolean } | undefined;
  /** The first token is there. */
  begin(): void;
  /** Leaves no timer and no listener behind, and closes what is still open when the call failed. */
  end(isFailed: boolean): void;
}

export const startDeadlines = (
  signal: AbortSignal,
  timeoutMs: number,
  /** Undefined where nobody can tell. */
  firstTokenTimeoutMs: number | undefined,
): Deadlines => {
  const controller = new AbortController();
  let expired: Deadlines["expired"];
  const expireAfter = (ms: number, isFirstToken: boolean): NodeJS.Timeout =>
    setTimeout(() => {
      expired ??= { timeoutMs: ms, isFirstToken };
      controller.abort();
    }, ms);
  const whole = expireAfter(timeoutMs, false);
  const first =
    firstTokenTimeoutMs !== undefined && firstTokenTimeoutMs < timeoutMs
      ? expireAfter(firstTokenTimeoutMs, true)
      : undefined;
  const abort = (): void => controller.abort();
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort, { once: true });
  return {
    signal: controller.signal,
    get expired() {
      return expired;
    },
    begin() {
      clearTimeout(first);
    },
    end(isFailed) {
      clearTimeout(whole);
      clearTimeout(first);
      signal.removeEventListener("abort", abort);
      if (isFailed) controller.abort();
    },
  };
};
