/** What came to a task from outside of it, for its guardrails: the newest of it, up to a bound. */
import type { StepKind } from "@agentcore/contract";
import { sizeOf } from "../payloads/json-size.ts";

// In characters of JSON: as much as one payload may have, of a log that may have thousands.
const MAX_SIZE = 16 * 1024 * 1024;

/** Neither what people answered nor what models said. */
const OUTSIDE: ReadonlySet<StepKind> = new Set<StepKind>([
  ...(["tool", "query", "command", "step", "event", "signal", "memory"] as const),
]);

export class ReceivedValues {
  private readonly sizes: number[] = [];
  private size = 0;
  readonly values: unknown[] = [];
  isCut = false;

  note(kind: StepKind, value: unknown): void {
    if (OUTSIDE.has(kind)) this.add(value);
  }

  /** `null` and `undefined` say nothing. */
  add(value: unknown): void {
    if (value == null) return;
    const size = sizeOf(value);
    this.values.push(value);
    this.sizes.push(size);
    this.size += size;
    while (this.size > MAX_SIZE && this.values.length > 1) {
      this.values.shift();
      this.size -= this.sizes.shift() ?? 0;
      this.isCut = true;
    }
  }
}
