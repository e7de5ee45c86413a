import { PlatformError } from "@agentcore/contract";
import type { Logger } from "../ports/index.ts";
import { TopicIndex } from "../registry/index.ts";
import type { Delivered } from "./delivered.ts";
import type { EventHandler } from "./delivery.ts";
import type { BusLimits } from "./limits.ts";

interface Subscription {
  readonly handler: EventHandler;
  underWay: number;
  dropped: number;
}

/** Who listens in this process, one index per tenant: an event cannot be matched outside its tenant (I7). */
export class Subscriptions {
  readonly #tenants = new Map<string, TopicIndex<Subscription>>();
  readonly #logger: Logger;
  readonly #limits: BusLimits;

  constructor(logger: Logger, limits: BusLimits) {
    this.#logger = logger;
    this.#limits = limits;
  }

  add(tenantId: string, pattern: string, handler: EventHandler): () => void {
    const index = this.#tenants.get(tenantId) ?? new TopicIndex<Subscription>();
    if (index.size >= this.#limits.maxSubscriptionsPerTenant) {
      throw new PlatformError("OVERLOADED", `tenant ${tenantId} has ${index.size} subscriptions already`);
    }
    const subscription: Subscription = { handler, underWay: 0, dropped: 0 };
    index.add(pattern, subscription);
    this.#tenants.set(tenantId, index);
    return () => {
      index.delete(pattern, subscription);
      if (index.size === 0 && this.#tenants.get(tenantId) === index) this.#tenants.delete(tenantId);
    };
  }

  /** Calls every matching handler; returns how many were told. */
  publish(event: Delivered): number {
    const index = this.#tenants.get(event.tenantId);
    if (index === undefined) return 0;
    let told = 0;
    for (const subscription of index.match(event.target.slice("topic:".length))) {
      if (this.#tell(subscription, event)) told++;
    }
    return told;
  }

  close(): void {
    this.#tenants.clear();
  }

  #tell(subscription: Subscription, event: Delivered): boolean {
    if (subscription.underWay >= this.#limits.maxEventsInFlight) {
      // Once per thousand: the log must not become the flood.
      if (subscription.dropped++ % 1_000 === 0)
        this.#warn("a subscriber is too slow; events to it are dropped", event, { dropped: subscription.dropped });
      return false;
    }
    try {
      const pending = subscription.handler(event);
      if (pending === undefined) return true;
      subscription.underWay++;
      pending.then(
        () => {
          subscription.underWay--;
        },
        (thrown: unknown) => {
          subscription.underWay--;
          this.#warn("a subscriber failed", event, { error: PlatformError.from(thrown).message });
        },
      );
    } catch (thrown) {
      this.#warn("a subscriber failed", event, { error: PlatformError.from(thrown).message });
    }
    return true;
  }

  #warn(text: string, event: Delivered, fields: Readonly<Record<string, unknown>>): void {
    this.#logger.log("warn", text, { tenantId: event.tenantId, target: event.target, messageId: event.id, ...fields });
  }
}
