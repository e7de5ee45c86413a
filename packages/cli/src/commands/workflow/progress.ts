import { setTimeout as delay } from "node:timers/promises";
import type { TaskProgress } from "@agentcore/sdk/client";
import { taskArgument } from "../../arguments.ts";
import { defineCommand, type Invocation } from "../../command.ts";
import { failure } from "../../failure.ts";
import type { NodeClient } from "../../node/node-client.ts";
import { isTerminal } from "../../task-outcome.ts";
import { changedLines, progressText } from "../../workflow/format-progress.ts";

// As often as somebody can read it.
const REFRESH_MS = 250;

export const command = defineCommand({
  name: "workflow progress",
  summary: "Show how far a task of a workflow has come, node by node",
  details: [
    "The share is the part of the nodes that do work that the task cannot come to any more. It goes back where a loop or a gate does.",
  ],
  arguments: [taskArgument()],
  options: {
    follow: {
      type: "boolean",
      short: "f",
      description: "Go on until the task ends: a table that changes in place, or a line for each change",
    },
  },
  examples: [
    { command: "agentcore workflow progress 0198c7", explanation: "As it is now" },
    { command: "agentcore workflow progress 0198c7 -f", explanation: "While it runs" },
    { command: "agentcore workflow progress 0198c7 -o json | jq .share", explanation: "For other programs" },
  ],
  async run(invocation) {
    const {
      arguments: [taskId = ""],
      options: { follow },
      signal,
    } = invocation;
    const client = await invocation.client();
    const read = async (): Promise<TaskProgress> => {
      const progress = await client.progress(taskId);
      if (progress === undefined)
        throw failure("UNSUPPORTED_OPERATION", `task ${taskId} is of no workflow`, `agentcore describe task ${taskId}`);
      return progress;
    };
    const first = await read();
    if (follow && !isTerminal(first.state)) await showChanges(invocation, client, first, read);
    else await show(invocation, first);
    signal.throwIfAborted();
    return 0;
  },
});

const show = ({ output, globals }: Invocation, progress: TaskProgress): Promise<void> =>
  output.data(globals.format, progress, () => progressText(progress, Date.now()));

/** Asks again when the log has grown, and a last time when it has ended. */
const showChanges = async (
  invocation: Invocation,
  client: NodeClient,
  first: TaskProgress,
  read: () => Promise<TaskProgress>,
): Promise<void> => {
  const { output, globals, signal } = invocation;
  const ended = new AbortController();
  let grown = Promise.withResolvers<void>();
  let before = first;
  const tell = async (progress: TaskProgress, isFirst: boolean): Promise<void> => {
    if (globals.format !== "table") return show(invocation, progress);
    if (output.isTerminal) output.block(progressText(progress, Date.now()));
    else for (const line of changedLines(isFirst ? undefined : before, progress)) output.line(line);
  };
  await tell(before, true);
  const follow = async (): Promise<void> => {
    try {
      const stop = AbortSignal.any([signal, ended.signal]);
      for await (const _ of client.events(first.taskId, { after: before.seq, follow: true, signal: stop }))
        grown.resolve();
    } finally {
      isOver = true;
      grown.resolve();
    }
  };
  let isOver = false;
  const following = follow();
  // Told below.
  following.catch(() => undefined);
  const look = async (): Promise<void> => {
    const progress = await read();
    if (JSON.stringify(progress) !== JSON.stringify(before)) await tell(progress, false);
    before = progress;
  };
  try {
    while (!isOver) {
      await grown.promise;
      grown = Promise.withResolvers();
      await look();
      if (!isOver) await delay(REFRESH_MS, undefined, { signal }).catch(() => undefined);
    }
    await following;
    await look();
  } finally {
    ended.abort();
  }
};
