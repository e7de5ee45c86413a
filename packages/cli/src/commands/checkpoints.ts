import { taskArgument } from "../arguments.ts";
import { defineCommand } from "../command.ts";
import { formatTimestamp } from "../format-time.ts";
import { readCount } from "../read-count.ts";

export const command = defineCommand({
  name: "checkpoints",
  summary: "List the events of a task that a fork can begin after",
  details: [
    "Every recorded result is one; the options choose among them, and what fits any of them is listed. For operators.",
  ],
  arguments: [taskArgument()],
  options: {
    "every-steps": { type: "string", value: "NUMBER", description: "Every so many results" },
    "every-seconds": { type: "string", value: "SECONDS", description: "The first result so long after the one before" },
    changed: { type: "boolean", description: "Where a call came to something else than the same call before" },
    after: { type: "string", value: "NUMBER", description: "Only events after this number" },
    limit: { type: "string", value: "NUMBER", description: "Most to list, up to 1000", default: "50" },
  },
  examples: [
    { command: "agentcore checkpoints 0198c7", explanation: "All of them" },
    { command: "agentcore checkpoints 0198c7 --every-steps 10", explanation: "Every tenth result" },
    { command: "agentcore checkpoints 0198c7 --changed", explanation: "Where a loop got on" },
  ],
  async run({ arguments: [taskId = ""], options, globals, output, client }) {
    const { "every-steps": steps, "every-seconds": seconds, changed, after, limit } = options;
    const { checkpoints, nextAfter } = await (await client()).checkpoints(taskId, {
      ...(steps === undefined ? {} : { everySteps: readCount(steps, "--every-steps", 1) }),
      ...(seconds === undefined ? {} : { everyMs: readCount(seconds, "--every-seconds", 1) * 1000 }),
      ...(changed ? { changed } : {}),
      ...(after === undefined ? {} : { after: readCount(after, "--after", 0) }),
      limit: readCount(limit, "--limit", 1),
    });
    await output.table(
      globals.format,
      checkpoints,
      ["event", "time", "type", "call"],
      checkpoints.map(({ seq, at, type, path }) => [seq, formatTimestamp(at), type, path ?? ""]),
    );
    if (nextAfter !== null) output.say(`there are more: --after ${nextAfter}`, "yellow");
    return 0;
  },
});
