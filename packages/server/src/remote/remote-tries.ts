/** How often a remote agent is asked, and what that leaves in our log. */
import { PlatformError } from "@agentcore/contract";
import type { RetryPolicy } from "@agentcore/contract/authoring";

// About an hour without contact. From the fifth wait on the task is not in memory meanwhile.
export const READ_RETRY = { maxAttempts: 70, initialDelayMs: 250, maxDelayMs: 60_000 } as const satisfies RetryPolicy;
// One look of many.
export const LOOK_RETRY: RetryPolicy = { maxAttempts: 3, initialDelayMs: 250, maxDelayMs: 1_000 };

/** It is there, so it is waited for as long as our task may take; one that cannot be reached is not. */
export const isBusy = (error: unknown): boolean => PlatformError.is(error) && error.code === "OVERLOADED";

/** Of a step: each try that failed may have taken the task out of memory. */
export const eventsOf = (tries: number): number => 2 * tries - 1;
