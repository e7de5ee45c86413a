import { type Feed, itemsOf } from "@agentcore/core/tasks";
import type { OpenCall } from "./open-calls.ts";

/** A feed that a client has open: it ends with the call, and the call with it. */
export class OpenStream<Item> {
  readonly feed: Feed<Item>;
  private readonly call: OpenCall;

  constructor(feed: Feed<Item>, call: OpenCall) {
    this.feed = feed;
    this.call = call;
    call.closes(feed);
  }

  /** The feed item by item, for readers to whom an idle stream may cost more; instead of the feed, and once. */
  get frames(): AsyncGenerator<Item, void> {
    return itemsOf(this.feed);
  }

  /** Ends the feed and gives the call's place back. Idempotent. */
  release(): void {
    this.call.abort();
  }

  /** From here on it is the connection that tells when the client has gone. */
  leaveSignal(): void {
    this.call.leaveSignal();
  }
}
