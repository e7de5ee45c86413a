import { UsageError } from "./usage-error.ts";

/** A whole number of 0 or more from an option's text. */
export const readCount = (text: string, option: string): number => {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new UsageError(`${option} ${text}: expected a whole number of 0 or more`);
};
