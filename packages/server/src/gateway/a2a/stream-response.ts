import type { ExtraHeaders } from "../http/responses.ts";
import { sseResponse } from "../http/server-sent-events.ts";

interface NumberedStream<Frame extends { readonly seq?: number | undefined }> {
  readonly frames: AsyncIterator<Frame>;
  release(): void;
}

export interface StreamResponseOptions {
  readonly heartbeatMs: number;
  readonly headers?: ExtraHeaders | undefined;
}

/** A task's stream as server-sent events that bear its numbers; `write` makes the JSON of each. Rejects as the first frame does. */
export const streamResponse = <Frame extends { readonly seq?: number | undefined }>(
  { frames, release }: NumberedStream<Frame>,
  write: (frame: Frame) => unknown,
  options: StreamResponseOptions,
): Promise<Response> =>
  sseResponse(
    {
      async next() {
        const result = await frames.next();
        if (result.done) return { done: true, value: undefined };
        return { done: false, value: { data: JSON.stringify(write(result.value)), id: result.value.seq } };
      },
    },
    {
      ...options,
      release: () => {
        release();
        frames.return?.().catch(() => {});
      },
    },
  );
