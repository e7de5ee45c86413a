/** Breakpoints: where a task's code is held before a call begins. */
import { z } from "zod";

export const MAX_BREAKPOINTS = 50;

/** Of what somebody who debugs gives a call, or lets it come to, in about as many characters as its JSON has. */
export const MAX_SET_SIZE = 1_048_576;

/** Of the input of a call that is held, in about as many characters as its JSON has: a larger one is not kept with it. */
export const MAX_HELD_INPUT_SIZE = 65_536;

/**
 * `score`: the node, or the step or other call, of that name. `step:score`, `command:*`: a pattern of call paths. `node:score`: a node of a
 * workflow, wherever it is visited; what takes it back is `undo:score`. `*` stands for anything.
 */
export const Breakpoint = z
  .string()
  .min(1)
  .max(256)
  .regex(/^[^\s](?:.*[^\s])?$/, { error: "expected the name of a node or a step, or a pattern of call paths" });

export const Breakpoints = z.array(Breakpoint).max(MAX_BREAKPOINTS);

/** A call that was held before it began. */
export interface HeldCall {
  readonly path: string;
  readonly kind: string;
  /** Of a workflow: the node that makes the call, and the address of this visit to it. */
  readonly node?: string;
  readonly address?: string;
  /** What it was stopped by; `next`: it was the next call. */
  readonly breakpoint: string;
  /** What it is to be given, where the platform knows it, and it is no larger than 64 KiB. */
  readonly input?: unknown;
  /** Of an input that is, about, in characters of JSON. */
  readonly inputSize?: number | undefined;
  /** It may be given another input. */
  readonly takesInput?: boolean | undefined;
  /** Milliseconds since 1970. */
  readonly at: number;
}

const path = z.string().min(1).max(4200).optional();

/**
 * `continue`: calls begin, all that are held or the one at `path`. `step`: the first, or the one at `path`, begins, and the next call after it
 * is held. With `input` it is the first, or the one at `path`, and is given that in place of its own. `set`: the call does not begin, and comes
 * to `value`.
 */
export const DebugAction = z.discriminatedUnion("action", [
  z.strictObject({ action: z.literal("continue"), path, input: z.unknown().optional() }),
  z.strictObject({ action: z.literal("step"), path, input: z.unknown().optional() }),
  z.strictObject({
    action: z.literal("set"),
    path,
    value: z.custom<unknown>((value) => value !== undefined, {
      error: "expected what the call is to come to, any JSON",
    }),
  }),
]);
export type DebugAction = z.infer<typeof DebugAction>;

/** What a call of a workflow's node came to, where a call that is held may rest on it. */
export interface KnownOutput {
  readonly node: string;
  /** Of the visit that it is of. */
  readonly address: string;
  /** Number of the event that has it. */
  readonly seq: number;
  /** Absent when it is larger than is shown. */
  readonly output?: unknown;
  /** In place of an output. */
  readonly error?: { readonly code: string; readonly message: string };
  /** About, in characters of JSON. */
  readonly size: number;
}

/** A task that somebody looks into. */
export interface Debugging {
  readonly breakpoints: readonly string[];
  /** The next call is held. */
  readonly next: boolean;
  /** Calls that were held before they began, in the order in which the code came to them; the first 100. */
  readonly held: readonly HeldCall[];
  /** How many there are. */
  readonly heldCount: number;
  /** Of a workflow: what nodes gave that what is held may rest on, in the order of the log; of more than 100, or 64 KiB, the last. */
  readonly outputs: readonly KnownOutput[];
}
