/**
 * Which node does work that one at a time should do. A matter of thrift alone: two that do it at once do no harm.
 *
 * - T1 Who stands by takes it when the row has stood as it is for the whole lease, by the monotonic clock of who stands by. So no two clocks are compared: stores let
 *   rows end by the clock of whoever asks, and one that goes half a minute ahead would have two nodes hold it.
 * - T2 A process takes the place of earlier ones of its node at once, and never that of a later one: one that was stopped, and goes on, has been replaced.
 */
import type { Clock, KeyValue, KeyValueEntry, KeyValueScope } from "../ports/index.ts";

export interface TurnLeaseOptions {
  readonly keyValue: KeyValue;
  readonly clock: Pick<Clock, "monotonic" | "now">;
  readonly scope: KeyValueScope;
  readonly key: string;
  readonly node: string;
  /** Of this process, unique; those of later processes sort behind it. */
  readonly life: string;
  readonly ttlMs: number;
}

const NEVER = { monotonic: Number.NEGATIVE_INFINITY, now: Number.NEGATIVE_INFINITY };
// Only so that what nobody needs any more goes.
const KEPT_MS = 86_400_000;

const later = ({ monotonic, now }: typeof NEVER, ms: number): typeof NEVER => ({
  ...{ monotonic: monotonic + ms, now: now + ms },
});

export class TurnLease {
  private readonly options: TurnLeaseOptions;
  /** Of what this process wrote last; 0 when another has it, or nobody. */
  private version = 0;
  /** By either clock: one may be set back, the other stands still while the machine sleeps. */
  private renewAt = NEVER;
  private heldUntil = NEVER;
  /** What another wrote, and since when it is known to stand there. */
  private seen = { version: 0, since: 0 };

  constructor(options: TurnLeaseOptions) {
    this.options = options;
  }

  /** False while another node has it: until it was found unchanged for the whole lease, and two questions at least (T1). */
  async take(): Promise<boolean> {
    const { keyValue, scope, key } = this.options;
    const entry = await keyValue.get(scope, key);
    if (entry === null) return this.write(0);
    if (!this.isOwn(entry.value)) {
      this.see(entry);
      if (this.freeInMs > 0) return false;
    }
    return this.write(entry.version);
  }

  /** Asks the store once in half its time; false when another node has it. One that ran out, and nobody took, is taken again. */
  async keep(): Promise<boolean> {
    const { clock } = this.options;
    const { monotonic, now } = this.renewAt;
    if (clock.monotonic() < monotonic && clock.now() < now) return true;
    return (this.version > 0 && (await this.write(this.version))) || this.take();
  }

  /** For so long no other node has it, whatever the store says or does not say meanwhile; 0 when it is not held. */
  get heldForMs(): number {
    const { clock } = this.options;
    const { monotonic, now } = this.heldUntil;
    return Math.max(0, Math.min(monotonic - clock.monotonic(), now - clock.now()));
  }

  /** So long asking for it is in vain, unless it is let go of; 0 when nothing is known of another that has it. */
  get freeInMs(): number {
    const { version, since } = this.seen;
    return version === 0 ? 0 : Math.max(0, since + this.options.ttlMs - this.options.clock.monotonic());
  }

  async release(): Promise<void> {
    const { keyValue, scope, key } = this.options;
    const expectedVersion = this.version;
    this.renewAt = NEVER;
    this.heldUntil = NEVER;
    this.version = 0;
    if (expectedVersion > 0) await keyValue.delete(scope, key, { expectedVersion });
  }

  /** Of this process, or of an earlier one of its node (T2). */
  private isOwn(value: unknown): boolean {
    const { node, life } = this.options;
    if (typeof value !== "string") return false;
    const end = value.indexOf(" ");
    return end > 0 && value.slice(end + 1) === node && value.slice(0, end) <= life;
  }

  private see({ version }: KeyValueEntry): void {
    if (this.seen.version !== version) this.seen = { version, since: this.options.clock.monotonic() };
  }

  private async write(expectedVersion: number): Promise<boolean> {
    const { keyValue, clock, scope, key, node, life, ttlMs } = this.options;
    // It runs from somewhere between now and the answer.
    const asked = { monotonic: clock.monotonic(), now: clock.now() };
    const version = await keyValue.put(scope, key, `${life} ${node}`, { expectedVersion, ttlMs: ttlMs + KEPT_MS });
    this.version = version ?? 0;
    // Refused, nothing is held: the next question goes to the store.
    const isWritten = version !== null;
    this.renewAt = isWritten ? later(asked, ttlMs / 2) : NEVER;
    this.heldUntil = isWritten ? later(asked, ttlMs) : NEVER;
    if (isWritten) this.seen = { version: 0, since: 0 };
    return isWritten;
  }
}
