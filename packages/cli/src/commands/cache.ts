import type { CacheStatus } from "@agentcore/contract";
import { defineCommand } from "../command.ts";
import { formatUsd } from "../format-spending.ts";

export const command = defineCommand({
  name: "cache",
  summary: "Show what the cache of models has saved, or empty it",
  details: [
    "Answers are kept of models whose manifest says `cache`. Numbers are of the node that is asked, since it started; for operators.",
    "Emptied, a semantic level that has switched itself off is on again.",
  ],
  arguments: [],
  options: { clear: { type: "boolean", description: "Forget all answers of the tenant" } },
  examples: [
    { command: "agentcore cache", explanation: "Hits by level, and whether the semantic level is on" },
    { command: "agentcore cache -o json", explanation: "All numbers, with what guards refused" },
    { command: "agentcore cache --clear", explanation: "Forget all answers of the tenant" },
  ],
  async run({ options, globals, output, client }) {
    const node = await client();
    if (options.clear) {
      await node.clearCache();
      await output.data(globals.format, { cleared: true }, () => "cache cleared");
      return 0;
    }
    const status = await node.cache();
    await output.table(globals.format, status, ["level", "hits", "share"], rowsOf(status));
    if (globals.format !== "table") return 0;
    const { collapsed, savedCalls, savedUsd, memory, semantic } = status;
    output.say(
      `${savedCalls} calls and ${formatUsd(savedUsd)} saved; ${collapsed} of them waited for a call under way`,
    );
    output.say(`${memory.entries} answers in memory, ${memory.bytes} bytes`);
    output.say(`semantic level: ${semantic.says}`);
    return 0;
  },
});

const rowsOf = ({ hits, misses }: CacheStatus): readonly (readonly (string | number)[])[] => {
  const all = Object.values(hits).reduce((sum, count) => sum + count, misses);
  const share = (count: number): string => (all === 0 ? "-" : `${((100 * count) / all).toFixed(1)} %`);
  return [...Object.entries(hits), ["model asked", misses] as const].map(([level, count]) => [
    level,
    count,
    share(count),
  ]);
};
