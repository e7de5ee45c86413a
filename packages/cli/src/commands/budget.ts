import type { BudgetBalance, BudgetStatus } from "@agentcore/contract";
import { defineCommand } from "../command.ts";
import { formatTokens, formatUsd } from "../format-spending.ts";
import { formatTimestamp } from "../format-time.ts";

export const command = defineCommand({
  name: "budget",
  summary: "Show what model calls have spent of each budget, what is held for calls under way, and what is left",
  details: [
    "Budgets are Budget manifests: apply, get, describe and delete them. For operators.",
    "Held is the most that calls under way may cost; it is given back, less what they cost, when they end.",
  ],
  arguments: [{ name: "NAME", description: "Only this budget", optional: true }],
  options: {},
  examples: [
    { command: "agentcore budget", explanation: "All budgets of the tenant, in their present periods" },
    { command: "agentcore budget research", explanation: "One, with each agent, team or run that it counts by itself" },
    { command: "agentcore budget -o json", explanation: "Answer as JSON" },
  ],
  async run({ arguments: [name], globals, output, client }) {
    const budgets = (await (await client()).budgets()).filter((budget) => name === undefined || budget.name === name);
    await output.table(
      globals.format,
      { budgets },
      ["budget", "for", "period", "spent", "held", "left", "of", "then"],
      budgets.flatMap(rowsOf),
    );
    if (name === undefined || budgets.length > 0) return 0;
    output.say(`there is no budget ${name}; agentcore budget lists those that are there`, "red");
    return 1;
  },
});

const rowsOf = (budget: BudgetStatus): readonly (readonly string[])[] => {
  const { name, limit, balances, onExceeded } = budget;
  const of = (
    told: readonly BudgetBalance[] | undefined,
    most: number | undefined,
    show: (amount: number) => string,
  ) => {
    if (told === undefined || most === undefined) return [];
    // Nothing was spent yet in this period.
    const all = told.length > 0 ? told : [{ subject: "", spent: 0, reserved: 0, ceiling: most }];
    return all.map(({ subject, spent, reserved, ceiling }) => [
      ...[name, subjectOf(budget, subject), periodOf(budget)],
      ...[show(spent), show(reserved), show(Math.max(0, ceiling - spent - reserved)), show(ceiling), onExceeded],
    ]);
  };
  return [...of(balances.usd, limit.usd, formatUsd), ...of(balances.tokens, limit.tokens, formatTokens)];
};

const subjectOf = ({ scope }: BudgetStatus, subject: string): string => {
  const [kind = "", named = ""] = Object.entries(scope)[0] ?? [];
  if (kind === "tenant") return "tenant";
  return `${kind} ${subject === "" ? named : subject}`;
};

const periodOf = ({ period: { length, endsAt } }: BudgetStatus): string =>
  endsAt === null ? length : `${length}, ends ${formatTimestamp(endsAt)}`;
