import { defineCommand } from "../command.ts";

const SHOWN = 1_000;

export const command = defineCommand({
  name: "memory",
  summary: "List the pools in which agents remember",
  details: [
    "A pool is agent:NAME, an agent's own; caller:NAME/CALLER, an agent's own of one caller; or the name of a MemoryPool.",
    "Operators see all of their tenant, others what is remembered of them and the pools that let them read.",
  ],
  arguments: [],
  options: {},
  examples: [
    { command: "agentcore memory", explanation: "Pools, and how many memories each has" },
    { command: "agentcore memory list agent:travel-desk", explanation: "What one agent remembers" },
    { command: "agentcore memory -o json", explanation: "For a program" },
  ],
  async run({ globals, output, client }) {
    const { pools, nextAfter } = await (await client()).memoryPools({ limit: SHOWN });
    await output.table(
      globals.format,
      pools,
      ["pool", "memories", "at most", "vectors of"],
      pools.map(({ name, entries, maxEntries, embedder }) => [name, entries, maxEntries, embedder ?? "-"]),
    );
    if (nextAfter !== null) output.say(`these are ${SHOWN}; the API has the rest: GET /api/v1/memory?after=`, "yellow");
    return 0;
  },
});
