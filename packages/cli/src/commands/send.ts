import { randomUUID } from "node:crypto";
import type { TaskEvent } from "@agentcore/contract";
import { taskArgument } from "../arguments.ts";
import { defineCommand } from "../command.ts";
import { failure } from "../failure.ts";
import { isRecord } from "../is-record.ts";
import type { NodeClient } from "../node/node-client.ts";
import { parseJson } from "../read-input.ts";
import { promptOf } from "../task-outcome.ts";
import { UsageError } from "../usage-error.ts";

// A task that waits reads its mail at once unless the node is busy; the message is safe in any case.
const PATIENCE_MS = 10_000;

export const command = defineCommand({
  name: "send",
  summary: "Send a task a follow-up, or the answer it waits for",
  details: [
    "Text that is JSON may be meant as data: the task takes what fits the answer it asked for.",
    "Where the task waits for an answer, the command stays until it is read, 10 s at most. When it does not fit, the task asks again: the reason and the question are printed, and the command ends with 1.",
  ],
  arguments: [
    taskArgument("input-required"),
    { name: "TEXT", description: "What to say; not needed with --data", optional: true },
  ],
  options: { data: { type: "string", value: "JSON", description: "Structured answer, sent after the text" } },
  examples: [
    { command: 'agentcore send 0198c7 "yes, approve it"', explanation: "Answer in words" },
    { command: "agentcore send 0198c7 --data '{\"approved\":true}'", explanation: "Answer with data" },
    {
      command: 'agentcore send 0198c7 "use this account" --data \'{"iban":"DE02"}\'',
      explanation: "Both in one message",
    },
  ],
  async run({ arguments: [taskId = "", text], options, globals, output, signal, client: connected }) {
    const parts = [
      ...(text === undefined ? [] : [{ text }]),
      ...(options.data === undefined ? [] : [{ data: parseJson(options.data, "--data") }]),
    ];
    if (parts.length === 0) throw new UsageError("TEXT or --data is missing: what should be sent?");
    const client = await connected();
    const { state, events: known } = await client.task(taskId);
    const message = { messageId: randomUUID(), parts };
    await client.send(taskId, message);
    const isAsked = state === "input-required";
    const verdict = isAsked ? await verdictOn(client, taskId, message.messageId, known, signal) : undefined;
    if (verdict?.refusal !== undefined) {
      throw failure(
        "INVALID_ARGUMENT",
        `task ${taskId} refused the answer and asks again:\n${indented(verdict.refusal)}`,
        verdict.asksDecision === true
          ? `agentcore decide ${taskId} --choice CHOICE`
          : `agentcore send ${taskId} with an answer that fits`,
      );
    }
    const value = { taskId, sent: true, ...(isAsked && { accepted: verdict !== undefined }) };
    const note =
      state === "auth-required"
        ? `; it waits for access, which a message does not grant: agentcore authorize ${taskId}`
        : !isAsked
          ? ""
          : verdict === undefined
            ? ", not read yet"
            : ", accepted";
    await output.data(globals.format, value, () => `sent to ${taskId}${note}`);
    return 0;
  },
});

interface Verdict {
  /** The question as it is asked again, with why the answer did not fit. */
  readonly refusal?: string;
  readonly asksDecision?: boolean;
}

/** Undefined while the message has not been read. */
const verdictOn = async (
  client: NodeClient,
  taskId: string,
  messageId: string,
  after: number,
  signal: AbortSignal,
): Promise<Verdict | undefined> => {
  const patience = AbortSignal.timeout(PATIENCE_MS);
  const stopped = new AbortController();
  try {
    const until = AbortSignal.any([signal, patience, stopped.signal]);
    for await (const event of client.events(taskId, { follow: true, after, signal: until })) {
      const verdict = verdictIn(event, messageId);
      if (verdict !== undefined) return verdict;
    }
    return {}; // The task has ended, so it waits for nothing.
  } catch (error) {
    if (patience.aborted && !signal.aborted) return undefined;
    throw error;
  } finally {
    stopped.abort();
  }
};

const verdictIn = (event: TaskEvent, messageId: string): Verdict | undefined => {
  switch (event.type) {
    case "task.inputRequired":
      return event.data.refusedMessageId === messageId
        ? { refusal: promptOf(event.data.prompt), asksDecision: event.data.approval !== undefined }
        : undefined;
    case "step.completed":
      return isRecord(event.data.result) && event.data.result["messageId"] === messageId ? {} : undefined;
    default:
      return undefined;
  }
};

const indented = (text: string): string =>
  text
    .split("\n")
    .map((line) => `  ${line}`)
    .join("\n");
