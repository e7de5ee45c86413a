import type { PlatformError } from "@agentcore/contract";
import type { FromApart, Settled, ToApart } from "./messages.ts";

/** A thread or process that runs code, as the node sees it. */
export interface Apart {
  send(message: ToApart): void;
  /** Of the question that is open: all that runs there waits for it. */
  answer(settled: Settled): void;
  /** Ends it at once, whatever it does. */
  kill(): void;
  /** What it has used of the processor since it began, where that is watched. */
  cpuMs?(): number;
}

export interface ApartEvents {
  hear(message: FromApart): void;
  /** It is gone, killed or by itself; once. `cause`: why it could not begin at all. */
  gone(why: string, cause?: PlatformError): void;
}

export interface ApartLimits {
  /** Of the JavaScript heap. */
  readonly heapBytes: number;
  /** All that its code sees of an environment. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Where code begins there: as this package runs itself, from its sources or built. */
export const MAIN = new URL(`./inside/main${import.meta.filename.slice(-3)}`, import.meta.url);
export const EXEC_ARGV = import.meta.filename.endsWith(".ts") ? ["-C", "agentcore-source"] : [];
export const MEBIBYTE = 2 ** 20;
/** For Node's command line. */
export const heapOption = (heapBytes: number): string => `--max-old-space-size=${Math.ceil(heapBytes / MEBIBYTE)}`;
