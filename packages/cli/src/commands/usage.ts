import { parseDuration, USAGE_GROUPS, type UsageGroup, type UsageRow } from "@agentcore/contract";
import { defineCommand } from "../command.ts";
import { formatUsd } from "../format-spending.ts";
import { formatTimestamp } from "../format-time.ts";
import { UsageError } from "../usage-error.ts";

export const command = defineCommand({
  name: "usage",
  summary: "Show what models were used for: calls, tokens, money, and what the cache saved",
  details: [
    "Sums by the hour, exact also after crashes; they stay when tasks are removed. Operators see all of the tenant, others their own calls.",
    "A call of which the provider told no usable numbers is counted by an estimate, under estimated.",
    "Cost is - where no price is known of any call, and has a + where none is known of some: they are not in it. Prices stand in Model manifests or a table.",
  ],
  arguments: [],
  options: {
    by: {
      type: "string",
      value: "WHAT",
      description: `What to sum by, one or more with commas: ${USAGE_GROUPS.join(", ")} (default model)`,
    },
    from: {
      type: "string",
      value: "TIME",
      description: "Since then: 2026-11-01, 2026-11-01T09:00Z, or so long ago: 24h, 7d (default 30d)",
    },
    to: { type: "string", value: "TIME", description: "Before then, likewise (default now)" },
    agent: { type: "string", value: "NAME", description: "Only calls of this agent" },
    team: { type: "string", value: "NAME", description: "Only calls of agents with this label team" },
    model: { type: "string", value: "NAME", description: "Only calls of this model" },
    caller: { type: "string", value: "NAME", description: "Only calls for this caller; for operators" },
  },
  examples: [
    { command: "agentcore usage", explanation: "By model, of the last 30 days" },
    { command: "agentcore usage --by day,agent --from 7d", explanation: "By day and agent, of the last week" },
    { command: "agentcore usage --by caller --model smart -o json", explanation: "Who used one model, as JSON" },
  ],
  async run({ options, globals, output, client }) {
    const groups = (options.by ?? "model").split(",").map(groupOf);
    const { from, to, agent, team, model, caller } = options;
    const answer = await (await client()).usage({
      by: groups,
      ...(from === undefined ? {} : { from: timeOf("--from", from) }),
      ...(to === undefined ? {} : { to: timeOf("--to", to) }),
      ...(agent === undefined ? {} : { agent }),
      ...(team === undefined ? {} : { team }),
      ...(model === undefined ? {} : { model }),
      ...(caller === undefined ? {} : { caller }),
    });
    await output.table(
      globals.format,
      answer,
      [...groups, "calls", "estimated", "input", "cached", "output", "cost", "cache hits", "saved"],
      answer.usage.map((row) => [
        ...groups.map((group) => cellOf(row, group)),
        ...[row.calls, row.estimatedCalls, row.inputTokens, row.cachedInputTokens, row.outputTokens],
        ...[costOf(row), row.cacheHits, row.savedUsd === null ? "-" : formatUsd(row.savedUsd)],
      ]),
    );
    return 0;
  },
});

const groupOf = (word: string): UsageGroup => {
  const group = USAGE_GROUPS.find((each) => each === word.trim());
  if (group !== undefined) return group;
  throw new UsageError(`--by ${word}: expected one or more of ${USAGE_GROUPS.join(", ")}, with commas`);
};

const cellOf = (row: UsageRow, group: UsageGroup): string => {
  if (group === "hour") return formatTimestamp(row.time);
  if (group === "day") return formatTimestamp(row.time).slice(0, 10);
  return row[group] || "-";
};

/** Behind a plus sign is more, which nobody knows. */
const costOf = ({ costUsd, unpricedCalls }: UsageRow): string =>
  costUsd === null ? "-" : `${formatUsd(costUsd)}${unpricedCalls > 0 ? "+" : ""}`;

const timeOf = (option: string, text: string): number => {
  const ago = parseDuration(text);
  if (ago !== null) return Date.now() - ago;
  const time = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isFinite(time) && time >= 0) return time;
  throw new UsageError(`${option} ${text}: expected a time such as 2026-11-01 or 2026-11-01T09:00Z, or 24h, 7d`);
};
