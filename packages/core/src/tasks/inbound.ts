import type { Execution } from "./execution.ts";
import type { Delivery } from "./journal.ts";

/** What is on its way to the code: one delivery a turn, so that it reacts to each before the next, exactly as a replay will have it. */
export class Inbound {
  private readonly execution: Execution;
  private readonly ready: Delivery[] = [];
  private isDelivering = false;

  constructor(execution: Execution) {
    this.execution = execution;
  }

  get isEmpty(): boolean {
    return this.ready.length === 0;
  }

  add(delivery: Delivery): void {
    this.ready.push(delivery);
    if (!this.isDelivering) void this.deliver();
  }

  /** A turn later, as what is durable is: the code begins no call, and ends none, in between. */
  addAhead(delivery: Delivery): void {
    this.ready.push(delivery);
    if (this.isDelivering) return;
    this.isDelivering = true;
    void this.execution.services.senses.clock.turn().then(() => this.deliver());
  }

  /** The turn comes after the last one too: what arrives in it must not reach the code before the code has reacted. */
  private async deliver(): Promise<void> {
    const { execution } = this;
    this.isDelivering = true;
    for (let next = this.ready.shift(); next !== undefined; next = this.ready.shift()) {
      if (execution.phase !== "live") break;
      execution.apply(next);
      // Perhaps nothing is left but durable waits: the flush decides.
      execution.changed();
      await execution.reacted();
    }
    this.isDelivering = false;
  }
}
