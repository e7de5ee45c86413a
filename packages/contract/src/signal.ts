/** What somebody tells a running task by name, for code that waits for it: `ctx.waitForSignal`. */
import { z } from "zod";

/** Signals that a task has been sent and has not been given: more are refused. */
export const MAX_WAITING_SIGNALS = 1_000;
/** Bytes of their payloads, about; as much as goes along in a checkpoint, twice over. */
export const MAX_WAITING_SIGNAL_BYTES = 8 * 1024 * 1024;

/** Topics of events are such names. */
export const SignalName = z
  .string()
  .regex(/^[A-Za-z0-9._:-]{1,200}$/, "expected the name of a signal: 1 to 200 letters, digits or ._:-");

/** Known by it for the task's life: the same once more is no other signal. */
export const SignalId = z.string().min(1).max(200);

/** As it stands in the log. */
export const Signal = z.object({
  id: SignalId,
  name: z.string(),
  /** The caller who sent it. */
  by: z.string(),
  payload: z.unknown().optional(),
});
export type Signal = z.infer<typeof Signal>;
