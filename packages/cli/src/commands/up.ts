import { defineCommand } from "../command.ts";
import { NODE_VARIABLES } from "../serving/node-variables.ts";
import { serve } from "../serving/serve.ts";
import { SERVE_ARGUMENTS, SERVE_OPTIONS } from "../serving/serve-options.ts";

export const command = defineCommand({
  name: "up",
  summary: "Start a node in this process",
  details: [
    "Everything is in one process and one data folder; stop it with Ctrl-C and start it again, and unfinished tasks go on where they were.",
    "The node listens on this machine only until --host says otherwise.",
  ],
  arguments: SERVE_ARGUMENTS,
  options: SERVE_OPTIONS,
  variables: NODE_VARIABLES,
  examples: [
    { command: "agentcore up --apply examples", explanation: "Start and apply every manifest below examples" },
    {
      command: "agentcore up --apply examples --run loan-triage",
      explanation: "Also give the loan triage its own sample folder and print what it decided",
    },
    {
      command: "agentcore up --port 8080 --host 0.0.0.0 --api-key-file keys.txt",
      explanation: "Serve other machines, with keys",
    },
  ],
  run: (invocation) => serve(invocation),
});
