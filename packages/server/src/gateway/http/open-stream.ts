import type { Feed } from "@agentcore/core/tasks";
import { HeldFeed } from "./held-feed.ts";
import type { OpenCall } from "./open-calls.ts";
import type { StreamRoom } from "./stream-room.ts";

/** A feed that a client has open: it ends with the call, and the call with it. */
export class OpenStream<Item> {
  readonly feed: Feed<Item>;
  private readonly call: OpenCall;

  /** The feed asks the room before it reads. */
  constructor(feed: Feed<Item>, call: OpenCall, room: StreamRoom) {
    this.feed = new HeldFeed(feed, room);
    this.call = call;
    call.closes(this.feed);
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
