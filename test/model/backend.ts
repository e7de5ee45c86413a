import type { TaskStore } from "@agentcore/core/ports";

/** A store under test, as the processes of a world open it. */
export interface Backend {
  readonly name: string;
  /** Milliseconds a process may be silent; null: nobody else can take its work, and its next start does. */
  readonly leaseMs: number | null;
  /** Writes of a process that lost its connection can still arrive. */
  readonly hasLateWrites: boolean;
  /** A process of that node joins; an earlier one has ended. `offset`: milliseconds its wall clock is wrong by. */
  open(node: string, offset: () => number): Promise<TaskStore>;
  /** The process is gone. */
  abandon(node: string): Promise<void>;
  /** What the store itself has seen that should never happen. */
  readonly wrong?: readonly string[];
  /** Looks at the truth, whatever happens to the nodes. */
  readonly observer: () => TaskStore;
  /** Breaks the real connections of a node. */
  breakConnections?(node: string): Promise<void>;
  /** Keeps statements waiting for longer than they may take; resolves when they go on, calls `isHeld` when they wait. */
  holdUp?(isHeld: () => void): Promise<void>;
  /** Stops the database and starts it again. */
  restart?(): Promise<void>;
  /** Null, or a promise that resolves when a real store has answered something: time must not go on meanwhile. */
  underWay?(): Promise<void> | null;
  close(): Promise<void>;
}
