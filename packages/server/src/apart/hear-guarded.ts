import type { ApartEvents } from "./apart.ts";
import type { FromApart } from "./messages.ts";

/** Hears what comes from code that runs apart, which may send what is no message: `kill` ends it then, and the node goes on. */
export const hearGuarded =
  (hear: ApartEvents["hear"], kill: () => void) =>
  (text: unknown): void => {
    try {
      hear(JSON.parse(text as string) as FromApart);
    } catch {
      kill();
    }
  };
