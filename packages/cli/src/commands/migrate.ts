import type { TaskMigration } from "@agentcore/sdk/client";
import { defineCommand } from "../command.ts";
import { placeOf } from "../doctor/check-upgrade.ts";
import { readRules } from "../read-rules.ts";

export const command = defineCommand({
  name: "migrate",
  summary: "Move open tasks to another revision of their agent, if that goes on where they are",
  details: [
    "A task keeps the revision that it began with until it is moved. Whether it can be is told by the same replay as `agentcore doctor --upgrade` tells of; one that cannot be goes on as it is. A task that runs moves when what it is about has ended, a parked one goes on. For operators.",
    "Rules say how what a run of a workflow has recorded is to be read: `rename: { old: new }` for nodes that have other names now, `drop: [node]` for nodes that are no more. By default those that the revision declares (`spec.migrate`).",
    "Ends with 1 when a task was not moved, or, with --dry-run, would not be.",
  ],
  arguments: [
    {
      name: "AGENT|TASK_ID",
      description: "An agent, for all of its open tasks, or the id of one task",
      completes: "agent",
    },
  ],
  options: {
    to: {
      type: "string",
      value: "REVISION",
      description: "Of the agent, or `current`: what new tasks get",
      default: "current",
    },
    from: {
      type: "string",
      value: "REVISION",
      description:
        "Of an agent's tasks, those of this revision only; with it the argument is an agent, also one that was deleted",
    },
    file: {
      type: "string",
      short: "f",
      value: "FILE",
      completes: "path",
      description: "Rules, in YAML or JSON. Default: those that the revision declares",
    },
    "dry-run": { type: "boolean", description: "Only tell which could be moved" },
  },
  examples: [
    {
      command: "agentcore migrate refund --dry-run",
      explanation: "Which runs of refund could go on with what is applied now?",
    },
    { command: "agentcore migrate refund -f rules.yaml", explanation: "Move those that can be, by these rules" },
    { command: "agentcore migrate 0198c7 --to 9be0c1d2e3f4", explanation: "Move one task" },
  ],
  async run({ arguments: [name = ""], options, globals, output, cwd, client: connect }) {
    const { to, from, file, "dry-run": dryRun } = options;
    const rules = file === undefined ? {} : { rules: await readRules(file, cwd) };
    const client = await connect();
    const request = { revision: to, ...rules, ...(dryRun ? { dryRun } : {}) };
    // Only agents have tasks of several revisions; one that was deleted is in no list, and may have open tasks.
    const isAgent = from !== undefined || (await client.agents()).some((agent) => agent.name === name);
    const moved: TaskMigration[] = [];
    let alreadyThere = 0;
    if (!isAgent) moved.push(await client.migrate(name, request));
    else
      for await (const page of client.migrateOpen(name, { ...request, ...(from === undefined ? {} : { from }) })) {
        moved.push(...page.tasks);
        alreadyThere += page.alreadyThere;
        if (page.nextPageToken !== "") output.progress(`${moved.length} tasks`);
      }
    await output.table(
      globals.format,
      moved,
      ["task", "state", "revision", "to", "outcome", "detail"],
      moved.map((task) => [task.taskId, task.state, task.revision, task.to, task.outcome, detailOf(task)]),
    );
    if (alreadyThere > 0) output.say(`${alreadyThere} have it already`);
    return moved.every(({ outcome }) => outcome === "migrated" || outcome === "possible") ? 0 : 1;
  },
});

const detailOf = ({ outcome, reason, differs }: TaskMigration): string => {
  if (outcome === "asked") return "it moves when what it is about has ended";
  if (outcome !== "refused") return "-";
  return differs === null ? (reason ?? "-") : placeOf(differs);
};
