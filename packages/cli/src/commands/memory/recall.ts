import { defineCommand } from "../../command.ts";
import { shortened } from "../../memory/shortened.ts";
import { readCount } from "../../read-count.ts";

export const command = defineCommand({
  name: "memory recall",
  summary: "Search a pool of memories as an agent does, and say why each was found",
  arguments: [
    { name: "POOL", description: "agent:NAME, caller:NAME/CALLER or the name of a MemoryPool" },
    { name: "TEXT", description: "What it is about" },
  ],
  options: {
    limit: { type: "string", value: "NUMBER", description: "Most to find, at most 50", default: "8" },
    tag: { type: "string", multiple: true, value: "TAG", description: "Only what has this tag; may be repeated" },
    document: { type: "string", value: "NAME", description: "Only what was read in this document" },
  },
  examples: [
    {
      command: 'agentcore memory recall agent:travel-desk "where does Ann like to sit"',
      explanation: "As the agent would",
    },
    { command: "agentcore memory recall team-facts rates --tag loans -o yaml", explanation: "Whole texts, as YAML" },
    { command: "agentcore memory recall team-facts rates --document rates.pdf", explanation: "What one document gave" },
  ],
  async run({ arguments: [pool = "", query = ""], options: { limit, tag, document }, globals, output, client }) {
    const recalled = await (await client()).recall({
      ...{ pool, query, limit: readCount(limit, "--limit", 1) },
      ...(tag === undefined || tag.length === 0 ? {} : { tags: tag }),
      ...(document === undefined ? {} : { document }),
    });
    await output.table(
      globals.format,
      recalled,
      ["id", "score", "text", "why"],
      recalled.memories.map(({ id, score, text, reasons }) => [
        ...[id, score.toFixed(2), shortened(text)],
        reasons.join("; "),
      ]),
    );
    if (globals.format === "table") output.say(recalled.reasons.join("; "));
    return 0;
  },
});
