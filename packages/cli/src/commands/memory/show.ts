import { defineCommand } from "../../command.ts";
import { formatFields } from "../../format-table.ts";
import { formatTimestamp } from "../../format-time.ts";

export const command = defineCommand({
  name: "memory show",
  summary: "Show one memory, and where it came from",
  arguments: [
    { name: "POOL", description: "agent:NAME, caller:NAME/CALLER or the name of a MemoryPool" },
    { name: "ID", description: "Its id" },
  ],
  options: {},
  examples: [
    { command: "agentcore memory show agent:travel-desk 5f2d…", explanation: "Text, source, times" },
    { command: "agentcore memory show team-facts 5f2d… -o json", explanation: "As JSON" },
    { command: "agentcore memory forget team-facts --id 5f2d…", explanation: "Forget it" },
  ],
  async run({ arguments: [pool = "", id = ""], globals, output, client }) {
    const memory = await (await client()).memory(pool, id);
    const { source } = memory;
    await output.data(globals.format, memory, () =>
      formatFields([
        ["Id", memory.id],
        ["Pool", memory.pool],
        ["Text", memory.text],
        ["Data", memory.data === undefined ? "-" : JSON.stringify(memory.data)],
        ["Tags", memory.tags.join(", ") || "-"],
        ["Written by", memory.writtenBy],
        ["Task", `${source.taskId} ${source.path}`],
        ["Caller", source.caller],
        ["Document", source.document ?? "-"],
        ["Importance", memory.importance],
        ["Written", formatTimestamp(memory.at)],
        ["Last used", `${formatTimestamp(memory.lastUsedAt)} (${memory.uses} times)`],
        ["Expires", formatTimestamp(memory.expiresAt)],
      ]),
    );
    return 0;
  },
});
