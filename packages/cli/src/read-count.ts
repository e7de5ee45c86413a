import { UsageError } from "./usage-error.ts";

/** A whole number from an option's text. */
export const readCount = (text: string, option: string, least: 0 | 1): number => {
  if (/^\d{1,15}$/.test(text) && Number(text) >= least) return Number(text);
  throw new UsageError(`${option} ${text}: expected a whole number of ${least} or more`);
};
