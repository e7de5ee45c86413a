import type { MemoryEntry } from "@agentcore/contract";
import { defineCommand } from "../../command.ts";
import { formatTimestamp } from "../../format-time.ts";
import { shortened } from "../../memory/shortened.ts";
import { readCount } from "../../read-count.ts";

const PAGE = 1_000;

export const command = defineCommand({
  name: "memory list",
  summary: "List the memories of a pool",
  arguments: [{ name: "POOL", description: "agent:NAME, caller:NAME/CALLER or the name of a MemoryPool" }],
  options: { limit: { type: "string", value: "NUMBER", description: "Most to list", default: "100" } },
  examples: [
    { command: "agentcore memory list agent:travel-desk", explanation: "What one agent remembers" },
    { command: "agentcore memory list caller:travel-desk/ann --limit 1000", explanation: "What it knows of Ann" },
    { command: "agentcore memory list team-facts -o json", explanation: "With where each came from, as JSON" },
  ],
  async run({ arguments: [pool = ""], options, globals, output, client }) {
    const limit = readCount(options.limit, "--limit", 1);
    const node = await client();
    const entries: MemoryEntry[] = [];
    let next: string | null = null;
    do {
      const page = { limit: Math.min(limit - entries.length, PAGE), ...(next === null ? {} : { after: next }) };
      const found = await node.memories(pool, page);
      entries.push(...found.entries);
      next = found.nextAfter;
    } while (next !== null && entries.length < limit);
    await output.table(
      globals.format,
      entries,
      ["id", "text", "written by", "at", "uses"],
      entries.map(({ id, text, writtenBy, at, uses }) => [id, shortened(text), writtenBy, formatTimestamp(at), uses]),
    );
    if (next !== null) output.say("there are more: --limit NUMBER", "yellow");
    return 0;
  },
});
