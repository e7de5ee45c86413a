import type { Signal, TaskEvent } from "@agentcore/contract";
import { sizeOf } from "../payloads/json-size.ts";
import type { Journal } from "./journal.ts";

/** What a wait for a signal records: which one it was given, and what that said. */
export interface SignalResult {
  readonly signalId: string;
  readonly value: unknown;
}

/** Signals that a log holds and that no wait was given, by id, in order of arrival, as an event changes them. */
export const noteSignals = (waiting: Map<string, Signal>, { type, data }: TaskEvent): void => {
  if (type === "signal.received") waiting.set(data.id, data);
  else if (type === "signal.refused") waiting.delete(data.id);
  else if (type === "step.completed" && data.kind === "signal") waiting.delete((data.result as SignalResult).signalId);
  else if (type === "checkpoint.created") {
    waiting.clear();
    for (const signal of data.signals ?? []) waiting.set(signal.id, signal);
  }
};

/** Of the payloads, about. */
export const bytesOf = (signals: Iterable<Signal>): number => {
  let bytes = 0;
  for (const { payload } of signals) bytes += sizeOf(payload);
  return bytes;
};

/** Signals that wait for somebody who waits for them: each is given once, to one wait, in order of arrival. */
export class IncomingSignals {
  private readonly waiting: Map<string, Signal>;
  /** Those, and the ones that are given and still on their way to the code, in order of arrival. */
  private readonly before: Map<string, Signal>;
  /** Of each that waits, of its payload, about. */
  private readonly sizes = new Map<string, number>();
  private size = 0;
  /** A wait looks whether it takes them. */
  private readonly held = new Set<string>();

  /** `received`: those that wait, and those that were given; what the code has of them the replay shows (`reach`). */
  constructor({ signals, received }: Pick<Journal, "signals" | "received">) {
    this.waiting = new Map();
    this.before = new Map(received);
    for (const signal of signals.values()) this.add(signal);
  }

  get unread(): readonly Signal[] {
    return [...this.waiting.values()];
  }

  /** What the code has not had: if it ends now, it never will. */
  get untaken(): readonly Signal[] {
    return [...this.before.values()];
  }

  /** Of the payloads of all that wait, about. */
  get bytes(): number {
    return this.size;
  }

  get count(): number {
    return this.waiting.size;
  }

  add(signal: Signal): void {
    this.forget(signal.id);
    const size = sizeOf(signal.payload);
    this.waiting.set(signal.id, signal);
    this.before.set(signal.id, signal);
    this.sizes.set(signal.id, size);
    this.size += size;
  }

  /** The first of that name that nobody holds: nobody else gets it before it is released. */
  hold(name: string): Signal | undefined {
    for (const signal of this.waiting.values()) {
      if (signal.name !== name || this.held.has(signal.id)) continue;
      this.held.add(signal.id);
      return signal;
    }
    return undefined;
  }

  release({ id }: Signal): void {
    this.held.delete(id);
  }

  /** The code has it when the call that it is given to has come back (`reach`). */
  give({ id }: Signal): void {
    this.forget(id);
    this.held.delete(id);
  }

  /** The code has been handed it. */
  reach(id: string): void {
    this.before.delete(id);
  }

  /** For good, with the next unit. */
  refuse(signal: Signal): void {
    this.give(signal);
    this.reach(signal.id);
  }

  private forget(id: string): void {
    this.waiting.delete(id);
    this.size -= this.sizes.get(id) ?? 0;
    this.sizes.delete(id);
  }
}
