/** The orderly end of what listens for a gateway. */
import type { Gateway } from "./create-gateway.ts";

/** Something that takes calls to the gateway. */
export interface Door {
  /** Takes no new ones; resolves once the last one is answered. Idempotent. */
  stop(): Promise<void>;
  /** Ends what is left at once. */
  cut(): void;
}

// Long enough for answers that are being written once blocking calls were told to end.
const LAST_WORDS_MS = 250;

/** Ends streams at once, lets calls finish for up to `graceMs`, then answers or cuts what is left. */
export const shutDown = async (gateway: Gateway, doors: readonly Door[], graceMs: number): Promise<void> => {
  const stopped = Promise.all(doors.map((door) => door.stop()));
  gateway.drain();
  if (!(await within(stopped, graceMs))) {
    gateway.close();
    await within(stopped, LAST_WORDS_MS);
  }
  gateway.close();
  for (const door of doors) door.cut();
  await stopped;
};

const within = (done: Promise<unknown>, timeoutMs: number): Promise<boolean> => {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, timeoutMs, false);
  });
  return Promise.race([done.then(() => true), timeout]).finally(() => clearTimeout(timer));
};
