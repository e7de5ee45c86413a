import { ERROR_CODES, type ErrorCode } from "@agentcore/contract/errors";

/** What to do about an error, by the table of codes (docs/errors.md). */
export interface Advice {
  /** `retry`: the same may succeed; `change`: not before the request is another; `repair`: not before somebody has seen to it. */
  readonly action: "retry" | "change" | "repair";
  readonly reason: string;
}

const FIRST_SERVER_STATUS = 500;

/** What whoever raised it said of a retry counts more than the table. */
export const adviceOn = (code: ErrorCode, retryable: boolean): Advice => {
  const { status, meaning, retryable: usually } = ERROR_CODES[code];
  const said =
    retryable === usually ? "" : `; whoever raised it says that it ${retryable ? "may pass" : "will not pass"}`;
  const action = retryable ? "retry" : status < FIRST_SERVER_STATUS ? "change" : "repair";
  return { action, reason: `${code}: ${meaning}${said}` };
};
