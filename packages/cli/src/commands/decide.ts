import { randomUUID } from "node:crypto";
import type { InboxItem } from "@agentcore/sdk/client";
import { taskArgument } from "../arguments.ts";
import { defineCommand } from "../command.ts";
import { failure } from "../failure.ts";
import { formatTimestamp } from "../format-time.ts";
import type { NodeClient } from "../node/node-client.ts";
import type { Output } from "../output.ts";
import { toJsonText } from "../structured-text.ts";
import { UsageError } from "../usage-error.ts";

// A task that asks for more at once has to be told which.
const MAX_ITEMS = 100;

export const command = defineCommand({
  name: "decide",
  summary: "Decide what a task asks, or hand your part to somebody else",
  details: [
    "Without --token it takes yours from the inbox, and shows what you decide on before it is sent. What you saw is what counts: had it changed meanwhile, the answer would be refused.",
    "Done when the task has taken it in. An answer that does not count ends with DECISION_REFUSED and why.",
  ],
  arguments: [taskArgument("input-required")],
  options: {
    choice: { type: "string", value: "CHOICE", description: "One of what the task offers, such as approve or reject" },
    "delegate-to": { type: "string", value: "CALLER", description: "Hand your part to this caller" },
    comment: { type: "string", value: "TEXT", description: "Why, for the log and the agent" },
    question: {
      type: "string",
      value: "ID",
      description: "Which decision, when the task asks you for several; `inbox -o json` has the id",
    },
    token: {
      type: "string",
      value: "TOKEN",
      description: "Yours, from `inbox -o json`; nothing is fetched or shown then",
    },
  },
  examples: [
    { command: "agentcore decide 0198c7 --choice approve", explanation: "Approve it" },
    {
      command: 'agentcore decide 0198c7 --choice reject --comment "income not proven"',
      explanation: "Reject it, and say why",
    },
    { command: "agentcore decide 0198c7 --delegate-to carol", explanation: "Let somebody else decide" },
  ],
  async run({ arguments: [taskId = ""], options, globals, output, client: connected }) {
    const { choice, "delegate-to": delegateTo, comment, question, token } = options;
    if ((choice === undefined) === (delegateTo === undefined))
      throw new UsageError("expected one of --choice and --delegate-to");
    if (token !== undefined && question !== undefined)
      throw new UsageError("--question chooses from the inbox; a --token is for one question anyhow");
    const client = await connected();
    const asked = token === undefined ? await ownQuestion(client, taskId, question, output) : { token };
    const decided = await client.decide(taskId, {
      ...asked,
      id: randomUUID(),
      ...(choice === undefined ? {} : { choice }),
      ...(delegateTo === undefined ? {} : { delegateTo }),
      ...(comment === undefined ? {} : { comment }),
    });
    await output.data(globals.format, { taskId, decided }, () =>
      delegateTo !== undefined
        ? `handed to ${delegateTo}: ${taskId}`
        : decided
          ? `decided: ${choice}, for ${taskId}`
          : `chosen: ${choice}, for ${taskId}; others have to choose as well`,
    );
    return 0;
  },
});

const ownQuestion = async (
  client: NodeClient,
  taskId: string,
  question: string | undefined,
  output: Output,
): Promise<{ readonly token: string; readonly contentHash: string }> => {
  const items = await client.inbox({ taskId, limit: MAX_ITEMS });
  const asked = items.flatMap(({ approval }) =>
    approval?.token !== undefined && (question === undefined || approval.id === question)
      ? [{ ...approval, token: approval.token }]
      : [],
  );
  const [first, ...others] = asked;
  if (first === undefined)
    throw failure("NOT_FOUND", `task ${taskId} asks you for no such decision`, "agentcore inbox");
  if (others.length > 0)
    throw failure(
      "INVALID_ARGUMENT",
      `task ${taskId} asks you for several decisions:\n${asked.map(({ id, prompt }) => `  ${id}  ${prompt}`).join("\n")}`,
      `agentcore decide ${taskId} --question ID with one of them`,
    );
  sayQuestion(output, first);
  const { token, contentHash } = first;
  return { token, contentHash };
};

const sayQuestion = (output: Output, asked: NonNullable<InboxItem["approval"]>): void => {
  const { prompt, show, choices, expiresAt, decidedBy } = asked;
  output.say(prompt, "yellow");
  if (show !== undefined) output.say(toJsonText(show, 2));
  output.say(`choices: ${choices.join(", ")}`);
  if (decidedBy.length > 0) output.say(`chosen already: by ${decidedBy.join(", ")}`);
  if (expiresAt !== undefined) output.say(`until ${formatTimestamp(expiresAt)}`);
};
