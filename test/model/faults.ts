/** What goes wrong, when: part of a world's plan, as plain JSON. */

/** Calls of the store, counted over all nodes. */
export type CallGroup = "commit" | "claim" | "lease" | "read";

export interface CallFault {
  readonly on: CallGroup;
  /** Counts from 1. */
  readonly nth: number;
  /**
   * kill: the process ends, and another begins. lost: the connection breaks. timeout: the statement takes too long, and
   * the answer is that nobody knows. stall: the process stands still for longer than its lease.
   */
  readonly what: "kill" | "lost" | "timeout" | "stall";
  /** The call was not carried out, or was. For a timeout `after` means: some time after the caller was told. */
  readonly when: "before" | "after";
}

export interface TimedFault {
  /** Milliseconds since the world began. */
  readonly at: number;
  /** restart: the database is away for a while. jump: the wall clock of a node is set by `by` milliseconds. */
  readonly what: "kill" | "stall" | "restart" | "jump";
  readonly node: number;
  readonly by: number;
}

export const FAULT_KINDS = ["kill", "lost", "timeout", "stall", "restart", "jump"] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export const groupOf = (method: string): CallGroup => {
  switch (method) {
    case "commit":
    case "acknowledgeOutbox":
      return "commit";
    case "claim":
      return "claim";
    case "renew":
    case "reclaim":
      return "lease";
    default:
      return "read";
  }
};

/** Which call fails, and how often each kind has struck. */
export class FaultPlan {
  readonly struck = new Map<FaultKind, number>();
  private readonly counts = new Map<CallGroup, number>();
  private left: CallFault[];
  /** Off: everything works. */
  isOn = true;

  constructor(faults: readonly CallFault[]) {
    this.left = [...faults];
  }

  /** Counts the call. */
  next(group: CallGroup): CallFault | null {
    if (!this.isOn) return null;
    const count = (this.counts.get(group) ?? 0) + 1;
    this.counts.set(group, count);
    const found = this.left.find(({ on, nth }) => on === group && nth === count) ?? null;
    this.left = this.left.filter((fault) => fault !== found);
    if (found !== null) this.strike(found.what);
    return found;
  }

  strike(kind: FaultKind): void {
    this.struck.set(kind, (this.struck.get(kind) ?? 0) + 1);
  }
}
