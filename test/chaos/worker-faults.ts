/** Loaded by the store's thread: the points inside a batch, numbered like all others. */
import { onFaultPoint } from "./fault-trigger.ts";

const calls = new Map<string, number>();

export const fault = (point: string): void => {
  const call = (calls.get(point) ?? 0) + 1;
  calls.set(point, call);
  onFaultPoint(`${point}#${call}`);
};
