/** What a failed call cost nevertheless, kept beside its error: errors are shown to people, and stored. */
import type { PlatformError } from "@agentcore/contract/errors";
import type { FailedUsage } from "../model-target.ts";

const usages = new WeakMap<PlatformError, FailedUsage>();

/** The error has to be this call's own. */
export const withFailedUsage = (error: PlatformError, usage: FailedUsage): PlatformError => {
  usages.set(error, usage);
  return error;
};

/** Undefined when the provider bills nothing: it was not reached, or refused. */
export const failedUsageOf = (error: unknown): FailedUsage | undefined =>
  typeof error === "object" && error !== null ? usages.get(error as PlatformError) : undefined;
