import { defineCommand } from "../command.ts";
import type { CollectedRow } from "../node/node-client.ts";
import { UsageError } from "../usage-error.ts";

const DURATION = /^[1-9]\d{0,5}[smhd]$/;

export const command = defineCommand({
  name: "gc",
  summary: "Remove ended tasks and old usage, and compact logs, as far as the policy of a tenant lets them go",
  details: [
    "A node does the same by itself once an hour (up --gc-interval-ms). Policies stand in Tenant manifests, at spec.retention; without one no task goes, and usage of models after 400 days. For operators.",
    "Bytes are those of the removed events' payloads as they are stored; sums are those of usage, and counters of budgets. A dry run counts up to 10,000 tasks and 10,000 sums of a tenant.",
    "Exits with 1 when a task could not be removed or compacted, or when a tenant's turn broke off; what could be done is done then.",
  ],
  arguments: [],
  options: {
    "dry-run": { type: "boolean", description: "Only tell what would go" },
    tenant: {
      type: "string",
      value: "NAME",
      description: "This tenant, by default the key's own; another one needs an operator of the tenant default",
    },
    "all-tenants": {
      type: "boolean",
      description: "Every tenant that has a policy, or usage of models; needs an operator of the tenant default",
    },
    "older-than": {
      type: "string",
      value: "AGE",
      description:
        "Remove tasks that ended longer ago than this, whatever the policy says, and nothing else: 90s, 15m, 12h, 30d",
    },
  },
  examples: [
    { command: "agentcore gc --dry-run --all-tenants", explanation: "What the policies would let go now" },
    { command: "agentcore gc", explanation: "Do it for this key's tenant" },
    { command: "agentcore gc --tenant acme --older-than 30d --dry-run -o json", explanation: "How much is that old" },
  ],
  async run({ options, globals, output, signal, client }) {
    const { tenant, "all-tenants": allTenants, "older-than": olderThan, "dry-run": dryRun } = options;
    if (olderThan !== undefined && !DURATION.test(olderThan))
      throw new UsageError(`--older-than ${olderThan}: expected a whole number with s, m, h or d, such as 30d`);
    if (allTenants && (tenant !== undefined || olderThan !== undefined))
      throw new UsageError("--all-tenants goes by each tenant's own policy: leave out --tenant and --older-than");
    const rows = await (await client()).collectGarbage({ tenant, allTenants, olderThan, dryRun }, signal);
    await output.table(
      globals.format,
      { dryRun, tenants: rows },
      [
        "tenant",
        dryRun ? "would remove" : "removed",
        "events",
        "bytes",
        dryRun ? "would compact" : "compacted",
        "events",
        dryRun ? "would remove sums" : "removed sums",
        "failed",
      ],
      rows.map((row) => [
        row.tenant,
        atLeast(row.removedTasks, row.isMore),
        row.removedEvents,
        row.removedBytes,
        atLeast(row.compactedTasks, row.isMore),
        row.compactedEvents,
        row.removedSums,
        row.failedTasks,
      ]),
    );
    const failed = rows.filter(({ failedTasks, error }) => failedTasks > 0 || error !== null);
    for (const row of failed) output.say(failureOf(row), "red");
    return failed.length === 0 ? 0 : 1;
  },
});

const failureOf = ({ tenant, failedTasks, error }: CollectedRow): string => {
  const tasks = failedTasks === 1 ? "1 task" : `${failedTasks} tasks`;
  const stayed = `${tasks} of tenant ${tenant} could not be removed or compacted; the node's log says which and why`;
  if (error === null) return stayed;
  const broken = `tenant ${tenant} is not done: ${error.code}: ${error.message}`;
  return failedTasks === 0 ? broken : `${broken}; ${stayed}`;
};

const atLeast = (count: number, isMore: boolean): string => (isMore ? `${count} or more` : String(count));
