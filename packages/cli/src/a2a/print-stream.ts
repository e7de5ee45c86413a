import type { A2AClient, ReceivedFrame } from "@agentcore/a2a/client";
import type { A2ATaskStatus, StreamResponse } from "@agentcore/contract";
import { PlatformError } from "@agentcore/contract/errors";
import type { ExitCode, OutputFormat } from "../command.ts";
import { failure } from "../failure.ts";
import type { Output } from "../output.ts";
import { toJsonText, toYamlText } from "../structured-text.ts";
import { exitCodeOf, isInterrupted, isTerminal, printFrame, stateLine, statusIn } from "./print-answer.ts";

export interface OpenStream {
  readonly frames: AsyncIterable<ReceivedFrame>;
  /** Takes up again what ends too early. */
  readonly client: Pick<A2AClient, "get" | "subscribe">;
  readonly signal: AbortSignal;
}

/**
 * A line per event: JSON as it came, or what people read. Up to the end of the task, its question, or a message: a stream that ends
 * before goes on after the last numbered event, as long as each try brings one; else the task is looked at once. Throws UPSTREAM_FAILED
 * when it is still at work then.
 */
export const printStream = async (
  output: Output,
  format: OutputFormat,
  { frames, client, signal }: OpenStream,
): Promise<ExitCode> => {
  const print = async (response: StreamResponse): Promise<void> => {
    if (format === "table") printFrame(output, response);
    else output.line(format === "json" ? toJsonText(response) : `---\n${await toYamlText(response)}`);
  };
  let id: string | undefined;
  let last: A2ATaskStatus | undefined;
  let seq = 0;
  for (let source: typeof frames | undefined = frames; source !== undefined; ) {
    const before = seq;
    try {
      for await (const frame of source) {
        await print(frame.response);
        if ("message" in frame.response) return 0;
        last = statusIn(frame.response) ?? last;
        id = taskIn(frame.response);
        seq = Math.max(seq, frame.seq ?? 0);
      }
    } catch (error) {
      // Cut off, not refused.
      const isCut = PlatformError.is(error) && error.code === "UPSTREAM_FAILED" && error.retryable;
      if (!isCut || seq === before) throw error;
    }
    if (last !== undefined && isOver(last)) return exitCodeOf(last);
    source = id !== undefined && seq > before ? client.subscribe({ id, after: seq }, { signal }) : undefined;
  }
  if (id === undefined) throw failure("UPSTREAM_FAILED", "the stream ended before it said anything of a task");
  const task = await client.get({ id }, { signal });
  if (!isOver(task.status))
    throw failure(
      "UPSTREAM_FAILED",
      `the stream ended before its task did: ${stateLine(id, task.status)}`,
      `Follow it with \`agentcore a2a watch URL ${id}\`.`,
    );
  // Whole, since nobody knows what the stream has left out.
  await print({ task });
  return exitCodeOf(task.status);
};

const isOver = (status: A2ATaskStatus): boolean => isTerminal(status) || isInterrupted(status);

const taskIn = (response: Exclude<StreamResponse, { readonly message: unknown }>): string => {
  if ("task" in response) return response.task.id;
  return "statusUpdate" in response ? response.statusUpdate.taskId : response.artifactUpdate.taskId;
};
