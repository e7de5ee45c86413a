/** Which node does work that one at a time should do. A matter of thrift alone: two that do it at once do no harm. */
import type { Clock, KeyValue, KeyValueScope } from "../ports/index.ts";

export interface TurnLeaseOptions {
  readonly keyValue: KeyValue;
  readonly clock: Pick<Clock, "monotonic" | "now">;
  readonly scope: KeyValueScope;
  readonly key: string;
  readonly node: string;
  readonly ttlMs: number;
}

const NEVER = { monotonic: Number.NEGATIVE_INFINITY, now: Number.NEGATIVE_INFINITY };

const later = ({ monotonic, now }: typeof NEVER, ms: number): typeof NEVER => ({
  ...{ monotonic: monotonic + ms, now: now + ms },
});

export class TurnLease {
  private readonly options: TurnLeaseOptions;
  private version = 0;
  /** By either clock: one may be set back, the other stands still while the machine sleeps. */
  private renewAt = NEVER;
  private heldUntil = NEVER;

  constructor(options: TurnLeaseOptions) {
    this.options = options;
  }

  /** False while another node has it. An earlier process of this node's name is followed at once. */
  async take(): Promise<boolean> {
    const { keyValue, scope, key, node } = this.options;
    const entry = await keyValue.get(scope, key);
    return entry === null || entry.value === node ? this.write(entry?.version ?? 0) : false;
  }

  /** Asks the store once in half its time; false when another node has it. One that ran out, and nobody took, is taken again. */
  async keep(): Promise<boolean> {
    const { clock } = this.options;
    const { monotonic, now } = this.renewAt;
    return (clock.monotonic() < monotonic && clock.now() < now) || (await this.write(this.version)) || this.take();
  }

  /** For so long no other node has it, whatever the store says or does not say meanwhile; 0 when it is not held. */
  get heldForMs(): number {
    const { clock } = this.options;
    const { monotonic, now } = this.heldUntil;
    return Math.max(0, Math.min(monotonic - clock.monotonic(), now - clock.now()));
  }

  async release(): Promise<void> {
    this.renewAt = NEVER;
    this.heldUntil = NEVER;
    const { keyValue, scope, key } = this.options;
    await keyValue.delete(scope, key, { expectedVersion: this.version });
  }

  private async write(expectedVersion: number): Promise<boolean> {
    const { keyValue, clock, scope, key, node, ttlMs } = this.options;
    // It runs from somewhere between now and the answer.
    const asked = { monotonic: clock.monotonic(), now: clock.now() };
    const version = await keyValue.put(scope, key, node, { expectedVersion, ttlMs });
    this.version = version ?? 0;
    // Refused, nothing is held: the next question goes to the store.
    const isWritten = version !== null;
    this.renewAt = isWritten ? later(asked, ttlMs / 2) : NEVER;
    this.heldUntil = isWritten ? later(asked, ttlMs) : NEVER;
    return isWritten;
  }
}
