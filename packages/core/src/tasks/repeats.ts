import type { OpenCall } from "./open-call.ts";

/** Counts how often in a row a task's code sent the same command and was told the same, with nothing in between. */
export class Repeats {
  private last: { readonly target: string; readonly inputHash: string | undefined; readonly result: unknown } | null =
    null;
  private count = 0;

  /** A call has got its result, in log order, replayed ones included. */
  note(call: OpenCall, result: unknown): void {
    if (call.kind !== "command") return this.reset();
    const { inputHash } = call;
    this.count = this.isLast(call) && sameJson(this.last?.result, result) ? this.count + 1 : 1;
    this.last = { target: targetOf(call), inputHash, result };
  }

  /** Something else happened in between. */
  reset(): void {
    this.last = null;
    this.count = 0;
  }

  of(call: OpenCall): number {
    return this.isLast(call) ? this.count : 0;
  }

  private isLast(call: OpenCall): boolean {
    return this.last !== null && this.last.inputHash === call.inputHash && this.last.target === targetOf(call);
  }
}

/** A path without the number of its occurrence. */
const targetOf = ({ path }: OpenCall): string => path.replace(/#\d+$/, "");

const sameJson = (left: unknown, right: unknown): boolean => JSON.stringify(left) === JSON.stringify(right);
