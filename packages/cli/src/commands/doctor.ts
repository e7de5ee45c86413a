import { defineCommand } from "../command.ts";
import { diagnose } from "../doctor/diagnose.ts";
import { SERVE_OPTIONS } from "../serving/serve-options.ts";

const DATABASE = {
  ...SERVE_OPTIONS.database,
  description:
    "PostgreSQL that nodes share: also look at its version, rights, durability, and what has become of its schema",
} as const;

export const command = defineCommand({
  name: "doctor",
  summary: "Check this machine and the node, and say what to do about what is wrong",
  details: [
    "Changes nothing. Ends with 1 when a check fails; a warning is no failure.",
    "With --database it makes the schema afresh under a name of its own, compares, and rolls all of that back: this needs the right to create in the database.",
  ],
  arguments: [],
  options: { data: SERVE_OPTIONS.data, port: SERVE_OPTIONS.port, database: DATABASE },
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
    { command: "agentcore doctor --url http://10.0.0.5:4700 -o json", explanation: "A node elsewhere, for a monitor" },
  ],
  async run(invocation) {
    const checks = await diagnose(invocation);
    await invocation.output.table(
      invocation.globals.format,
      checks,
      ["check", "status", "detail", "next step"],
      checks.map(({ check, status, detail, nextStep }) => [check, status, detail, nextStep]),
    );
    return checks.some(({ status }) => status === "fail") ? 1 : 0;
  },
});
