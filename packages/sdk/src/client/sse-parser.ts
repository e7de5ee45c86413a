/** Server-sent events as the HTML standard defines them (section 9.2.6), fed with text cut anywhere. */
export interface ServerSentEvent {
  /** @default "message" */
  readonly event: string;
  readonly data: string;
  /** The last id seen so far, also by earlier events; "" if none. */
  readonly id: string;
}

export class SseParser {
  private rest = "";
  private event = "";
  private data: string[] = [];
  private id = "";

  /** Returns the events that this text completes. */
  push(text: string): ServerSentEvent[] {
    const found: ServerSentEvent[] = [];
    this.rest += text;
    for (;;) {
      const end = /\r\n|\n|\r/.exec(this.rest);
      // A "\r" at the very end may be the first half of "\r\n": wait for what follows.
      if (end === null || (end[0] === "\r" && end.index === this.rest.length - 1)) return found;
      const line = this.rest.slice(0, end.index);
      this.rest = this.rest.slice(end.index + end[0].length);
      const event = this.takeLine(line);
      if (event !== undefined) found.push(event);
    }
  }

  private takeLine(line: string): ServerSentEvent | undefined {
    if (line === "") return this.dispatch();
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (field === "data") this.data.push(value);
    else if (field === "event") this.event = value;
    else if (field === "id" && !value.includes("\0")) this.id = value;
    return undefined;
  }

  private dispatch(): ServerSentEvent | undefined {
    const { data, event, id } = this;
    this.data = [];
    this.event = "";
    return data.length === 0 ? undefined : { event: event === "" ? "message" : event, data: data.join("\n"), id };
  }
}
