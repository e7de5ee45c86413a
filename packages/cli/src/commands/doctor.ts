import { defineCommand } from "../command.ts";
import { checkUpgrade, UPGRADE_OPTIONS } from "../doctor/check-upgrade.ts";
import { diagnose } from "../doctor/diagnose.ts";
import { SERVE_OPTIONS } from "../serving/serve-options.ts";

const DATABASE = {
  ...SERVE_OPTIONS.database,
  description:
    "PostgreSQL that nodes share: also look at its version, rights, durability, and what has become of its schema",
} as const;

export const command = defineCommand({
  name: "doctor",
  summary: "Check this machine and the node, or what a new revision does to open tasks, and say what to do",
  details: [
    "Changes nothing. Where the packages @agentcore/sandbox and @agentcore/embeddings-english are installed, it also tries what those can run here. Ends with 1 when a check fails; a warning is no failure.",
    "With --database it makes the schema afresh under a name of its own, compares, and rolls all of that back: this needs the right to create in the database.",
    "With -f or --upgrade it looks at open tasks alone: their code is run over their logs without any effect, as `agentcore replay` does, with the code that is to come. The node loads that code and applies nothing. Tasks that would not go on with it keep the code they began with. For operators.",
  ],
  arguments: [],
  options: {
    data: SERVE_OPTIONS.data,
    port: SERVE_OPTIONS.port,
    database: DATABASE,
    ...UPGRADE_OPTIONS,
  },
  examples: [
    { command: "agentcore doctor", explanation: "This machine, and the node at the usual address" },
    {
      command: "agentcore doctor --data /var/lib/agentcore --port 8080",
      explanation: "Before a start with these options",
    },
    {
      command: "agentcore doctor --database postgres://agentcore@db.internal/agentcore",
      explanation: "Before nodes start on a database, or when somebody may have changed its tables",
    },
    {
      command: "agentcore doctor -f agents",
      explanation: "Before `agentcore apply -f agents`: what would not migrate",
    },
    {
      command: "agentcore doctor --upgrade refund",
      explanation: "After it: which runs of refund could go on with the new code",
    },
    { command: "agentcore doctor --url http://10.0.0.5:4700 -o json", explanation: "A node elsewhere, for a monitor" },
  ],
  async run(invocation) {
    const checks = (await checkUpgrade(invocation)) ?? (await diagnose(invocation));
    await invocation.output.table(
      invocation.globals.format,
      checks,
      ["check", "status", "detail", "next step"],
      checks.map(({ check, status, detail, nextStep }) => [check, status, detail, nextStep]),
    );
    return checks.some(({ status }) => status === "fail") ? 1 : 0;
  },
});
