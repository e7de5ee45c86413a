/** What a session's streams have said lately, for a client that lost its connection: it names the last event that it has, and gets what came after. */
import type { EventStore, JSONRPCMessage } from "@modelcontextprotocol/server";

interface Kept {
  readonly number: number;
  readonly streamId: string;
  readonly message: JSONRPCMessage;
  readonly bytes: number;
}

const MAX_EVENTS = 500;
const MAX_BYTES = 256 * 1024;

/** The oldest go first; whoever asks for what is gone is told, and not given half of it. */
export class EventMemory implements EventStore {
  private readonly kept: Kept[] = [];
  private bytes = 0;
  private last = 0;
  /** The last of each stream that is gone. */
  private readonly lost = new Map<string, number>();

  async storeEvent(streamId: string, message: JSONRPCMessage): Promise<string> {
    const number = ++this.last;
    const bytes = Buffer.byteLength(JSON.stringify(message) ?? "");
    this.kept.push({ number, streamId, message, bytes });
    this.bytes += bytes;
    while (this.kept.length > MAX_EVENTS || (this.bytes > MAX_BYTES && this.kept.length > 1)) {
      const oldest = this.kept.shift();
      if (oldest === undefined) break;
      this.bytes -= oldest.bytes;
      this.lost.delete(oldest.streamId);
      this.lost.set(oldest.streamId, oldest.number);
      const [first] = this.lost.keys();
      if (this.lost.size > MAX_EVENTS && first !== undefined) this.lost.delete(first);
    }
    return `${number}.${streamId}`;
  }

  async getStreamIdForEventId(eventId: string): Promise<string | undefined> {
    const read = readId(eventId);
    if (read === null || read.number > this.last) return undefined;
    const isKept = this.kept.some(({ streamId }) => streamId === read.streamId);
    if (!isKept || (this.lost.get(read.streamId) ?? 0) > read.number) return undefined;
    return read.streamId;
  }

  async replayEventsAfter(
    lastEventId: string,
    { send }: { send: (eventId: string, message: JSONRPCMessage) => Promise<void> },
  ): Promise<string> {
    const read = readId(lastEventId);
    if (read === null) throw new RangeError("no event of this session");
    // The first of a stream only says that it can be gone on with.
    for (const { number, streamId, message } of [...this.kept])
      if (streamId === read.streamId && number > read.number && Object.keys(message).length > 0)
        await send(`${number}.${streamId}`, message);
    return read.streamId;
  }
}

const readId = (eventId: string): { readonly number: number; readonly streamId: string } | null => {
  const parts = /^(\d{1,15})\.(.+)$/s.exec(eventId);
  return parts === null ? null : { number: Number(parts[1]), streamId: parts[2] ?? "" };
};
