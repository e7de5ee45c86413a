/** Lengths of time as people write them. Where a program writes them, fields end in `Ms` and hold milliseconds. */
import { z } from "zod";

const UNITS_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const PATTERN = /^([1-9]\d{0,5})([smhd])$/;
const EXPECTED = "expected a whole number with s, m, h or d, such as 90s, 15m, 12h or 30d";

/** `90s`, `15m`, `12h`, `30d`; 1 to 999,999 of one unit. */
export const DurationText = z.string({ error: EXPECTED }).regex(PATTERN, { error: EXPECTED });

/** Milliseconds; null for a text that is none. */
export const parseDuration = (text: string): number | null => {
  const [, count, unit] = PATTERN.exec(text) ?? [];
  return count === undefined ? null : Number(count) * UNITS_MS[unit as keyof typeof UNITS_MS];
};
