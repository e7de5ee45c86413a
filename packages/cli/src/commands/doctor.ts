import { defineCommand } from "../command.ts";
import { diagnose } from "../doctor/diagnose.ts";
import { SERVE_OPTIONS } from "../serving/serve-options.ts";

export const command = defineCommand({
  name: "doctor",
  summary: "Check this machine and the node, and say what to do about what is wrong",
  details: ["Changes nothing. Ends with 1 when a check fails; a warning is no failure."],
  arguments: [],
  options: { data: SERVE_OPTIONS.data, port: SERVE_OPTIONS.port },
  examples: [
    { command: "agentcore doctor", explanation: "This machine, and the node at the usual address" },
    {
      command: "agentcore doctor --data /var/lib/agentcore --port 8080",
      explanation: "Before a start with these options",
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
