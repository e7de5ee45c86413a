import type { GuestError } from "./guest/messages.ts";
import type { CodeLimits, EndingLimit } from "./limits/sandbox-limits.ts";
import type { Usage } from "./process/start-contained.ts";

/** What became of code. That it fails is no failure of who runs it. */
export type CodeResult =
  | {
      readonly ok: true;
      /** JSON; null where it gave nothing. */
      readonly value: unknown;
      /** What it printed. */
      readonly output: string;
      readonly usage: Usage;
    }
  | {
      readonly ok: false;
      readonly error: GuestError;
      /** The limit that it was ended for. */
      readonly limit?: EndingLimit | undefined;
      readonly output: string;
      readonly usage: Usage;
    };

/**
 * A function of the caller that the code reaches by `await call(name, input)`. JSON both ways; of an error it is told the message. It
 * runs with all that the caller may do, on input that nobody has looked at. `signal` aborts when the code has ended.
 */
export type HostFunction = (input: unknown, signal: AbortSignal) => unknown;

export interface CodeOptions {
  /** JSON, which the code finds as `input`. @default null */
  readonly input?: unknown;
  readonly limits?: Partial<CodeLimits> | undefined;
  /** By the name that the code calls them by. At most 16 calls at once, 1000 in a run, `outputBytes` of JSON each way. @default none */
  readonly functions?: Readonly<Record<string, HostFunction>> | undefined;
  readonly signal?: AbortSignal | undefined;
}
