import type { ReceivedFrame } from "@agentcore/a2a/client";
import type { A2ATaskStatus } from "@agentcore/contract";
import type { ExitCode, OutputFormat } from "../command.ts";
import type { Output } from "../output.ts";
import { exitCodeOf, printFrame, statusIn } from "./print-answer.ts";

/** A line per event: JSON as it came, or what people read. */
export const printStream = async (
  output: Output,
  format: OutputFormat,
  frames: AsyncIterable<ReceivedFrame>,
): Promise<ExitCode> => {
  const { stringify } = format === "yaml" ? await import("yaml") : { stringify: JSON.stringify };
  let last: A2ATaskStatus | undefined;
  for await (const { response } of frames) {
    last = statusIn(response) ?? last;
    if (format === "table") printFrame(output, response);
    else output.line(format === "json" ? JSON.stringify(response) : `---\n${stringify(response).trimEnd()}`);
  }
  return exitCodeOf(last);
};
