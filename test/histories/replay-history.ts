/** A recorded log on the engine of the tree: what the code does and sees now. */
import type { TaskEvent } from "@agentcore/contract";
import type { AgentDefinition } from "@agentcore/contract/authoring";
import { type ReplayResult, replay } from "@agentcore/testing";
import { outside } from "./outside.ts";
import { transcribed } from "./transcribe.ts";

export interface History {
  readonly agent: string;
  readonly taskId: string;
  readonly events: readonly TaskEvent[];
  /** What the code did and saw, one list for each part between checkpoints. */
  readonly transcript: readonly (readonly string[])[];
}

export interface Replayed {
  readonly results: readonly ReplayResult[];
  readonly transcript: readonly (readonly string[])[];
}

// Far from what the world was when it was recorded.
const ELSEWHERE = 1_001;

export const replayHistory = async (
  { taskId, events }: Pick<History, "taskId" | "events">,
  definition: AgentDefinition,
): Promise<Replayed> => {
  const checkpoints = events.flatMap(({ type }, index) => (type === "checkpoint.created" ? [index] : []));
  const results: ReplayResult[] = [];
  const transcript: string[][] = [];
  for (const end of [...checkpoints, events.length]) {
    const lines: string[] = [];
    outside.from(ELSEWHERE);
    results.push(await replay(events.slice(0, end), transcribed(definition, lines), { taskId }));
    const last = lines.findIndex((line) => /^\d+ continueAs /.test(line));
    transcript.push(end === events.length ? lines : lines.slice(0, last + 1));
  }
  return { results, transcript };
};
