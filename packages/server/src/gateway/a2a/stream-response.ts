import type { ExtraHeaders } from "../http/responses.ts";
import { type SseSource, sseResponse } from "../http/server-sent-events.ts";

interface Numbered {
  readonly seq?: number | string | undefined;
}

export interface StreamResponseOptions {
  readonly heartbeatMs: number;
  readonly headers?: ExtraHeaders | undefined;
}

/** A task's stream as server-sent events that bear its numbers; `write` makes the JSON of each. Rejects as the first frames do. */
export const streamResponse = <Frame extends Numbered>(
  stream: SseSource<Frame>,
  write: (frame: Frame) => unknown,
  options: StreamResponseOptions,
): Promise<Response> =>
  sseResponse(stream, (frame) => ({ data: JSON.stringify(write(frame)), id: frame.seq }), options);
