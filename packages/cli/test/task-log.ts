import type { NewTaskEvent, TaskEvent } from "@agentcore/contract";

/** A log out of events: numbered 1, 2, 3 …, a second apart. */
export const taskLog = (...events: readonly Pick<NewTaskEvent, "type" | "data">[]): readonly TaskEvent[] =>
  events.map((event, index) => ({ ...event, seq: index + 1, at: 1_700_000_000_000 + index * 1000 }) as TaskEvent);

export const submitted = (agent: string): Pick<NewTaskEvent, "type" | "data"> => ({
  type: "task.submitted",
  data: { agent, revision: "r1", contextId: "c1", caller: "ada", input: { name: "Ada" }, priority: "normal" },
});
