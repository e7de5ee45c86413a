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

export class TurnLease {
  private readonly options: TurnLeaseOptions;
  private version = 0;
  /** By either clock: one may be set back, the other stands still while the machine sleeps. */
  private renewAt = NEVER;

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

  async release(): Promise<void> {
    const { keyValue, scope, key } = this.options;
    await keyValue.delete(scope, key, { expectedVersion: this.version });
  }

  private async write(expectedVersion: number): Promise<boolean> {
    const { keyValue, clock, scope, key, node, ttlMs } = this.options;
    const version = await keyValue.put(scope, key, node, { expectedVersion, ttlMs });
    this.version = version ?? 0;
    // Refused, nothing is held: the next question goes to the store.
    this.renewAt =
      version === null ? NEVER : { monotonic: clock.monotonic() + ttlMs / 2, now: clock.now() + ttlMs / 2 };
    return version !== null;
  }
}
