import { defineCommand } from "../command.ts";
import { formatTimestamp } from "../format-time.ts";
import { readCount } from "../read-count.ts";
import { promptOf } from "../task-outcome.ts";

export const command = defineCommand({
  name: "inbox",
  summary: "List what waits for you: decisions, questions, authorisations",
  details: [
    "Decisions that you are asked for, whoever began the task, and what your own tasks ask. With -o json each decision has the token that you answer with.",
  ],
  arguments: [],
  options: {
    all: { type: "boolean", description: "All that waits in the tenant, without the tokens of others: for operators" },
    limit: { type: "string", value: "NUMBER", description: "Most items to list", default: "50" },
  },
  examples: [
    { command: "agentcore inbox", explanation: "What waits for me" },
    { command: "agentcore inbox -o json", explanation: "With what is shown, and the tokens that answer it" },
    { command: "agentcore inbox --all", explanation: "What waits for anybody" },
  ],
  async run({ options, globals, output, client }) {
    const items = await (await client()).inbox({
      ...(options.all ? { all: true } : {}),
      limit: readCount(options.limit, "--limit", 1),
    });
    await output.table(
      globals.format,
      items,
      ["task", "kind", "agent", "asked", "question"],
      items.map(({ taskId, kind, agent, askedAt, prompt, approval }) => [
        ...[taskId, kind, agent, formatTimestamp(askedAt)],
        (approval?.prompt ?? promptOf(prompt)).replaceAll("\n", " "),
      ]),
    );
    return 0;
  },
});
