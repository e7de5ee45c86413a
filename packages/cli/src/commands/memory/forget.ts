import type { ForgetMemories } from "@agentcore/sdk/client";
import { defineCommand } from "../../command.ts";
import { UsageError } from "../../usage-error.ts";

const WAYS = ["id", "words", "task", "document", "caller"] as const;

export const command = defineCommand({
  name: "memory forget",
  summary: "Forget memories for good: their texts, words and vectors, on all nodes",
  details: [
    "Exactly one of the options says which. --task, --document and --caller without POOL go through all pools of the tenant. For operators.",
    "Tasks' logs keep what was recalled until they are removed: agentcore gc.",
  ],
  arguments: [{ name: "POOL", description: "agent:NAME, caller:NAME/CALLER or a MemoryPool's name", optional: true }],
  options: {
    id: { type: "string", value: "ID", description: "This one" },
    words: { type: "string", value: "TEXT", description: "All that have each of these words" },
    task: { type: "string", value: "ID", description: "All that came from this task" },
    document: { type: "string", value: "NAME", description: "All that was read in this document" },
    caller: { type: "string", value: "NAME", description: "All that came from tasks of this caller" },
    all: { type: "boolean", description: "The whole pool" },
  },
  examples: [
    { command: "agentcore memory forget agent:travel-desk --words 'window seat'", explanation: "By its words" },
    { command: "agentcore memory forget --caller ann", explanation: "All that agents keep from Ann's tasks" },
    { command: "agentcore memory forget --document old-rates.pdf", explanation: "All that one document gave" },
  ],
  async run({ arguments: [pool], options, globals, output, client }) {
    const given: Partial<Record<(typeof WAYS)[number] | "all", unknown>> = {};
    for (const way of WAYS) if (options[way] !== undefined) given[way] = options[way];
    if (options.all) given.all = true;
    const [only, ...more] = Object.keys(given);
    if (only === undefined || more.length > 0)
      throw new UsageError(`say which: exactly one of ${WAYS.map((way) => `--${way}`).join(", ")}, --all`);
    if (pool === undefined && ["id", "words", "all"].includes(only))
      throw new UsageError(`--${only} is of one pool: agentcore memory forget POOL --${only}`);
    const request = { ...given, ...(pool === undefined ? {} : { pool }) } as unknown as ForgetMemories;
    const forgotten = await (await client()).forget(request);
    await output.data(globals.format, forgotten, () => `${forgotten.count} memories forgotten`);
    return 0;
  },
});
