import { randomUUID } from "node:crypto";
import { taskArgument } from "../arguments.ts";
import { defineCommand } from "../command.ts";
import { readInput } from "../read-input.ts";

export const command = defineCommand({
  name: "signal",
  summary: "Tell a running task something by name, for code that waits for it",
  details: [
    "Done when the task has it. It is kept until the code waits for a signal of that name, and given once; a payload that does not fit what the code takes is refused then, which `logs` shows.",
  ],
  arguments: [taskArgument("working"), { name: "NAME", description: "Which signal: 1 to 200 letters, digits or ._:-" }],
  options: {
    input: {
      type: "string",
      value: "VALUE",
      description: "What it says: JSON, text, @file, or @- for the standard input",
    },
    "idempotency-key": {
      type: "string",
      value: "KEY",
      description: "The same key once more is no other signal (default: a fresh one)",
    },
  },
  examples: [
    { command: "agentcore signal 0198c7 payment.settled", explanation: "Say that it happened" },
    {
      command: "agentcore signal 0198c7 payment.settled --input '{\"amount\":120}'",
      explanation: "With what it is about",
    },
    {
      command: "agentcore signal 0198c7 document.uploaded --input @scan.json --idempotency-key scan-17",
      explanation: "From a script that may run twice",
    },
  ],
  async run(invocation) {
    const {
      arguments: [taskId = "", name = ""],
      options,
      globals,
      output,
    } = invocation;
    const payload = options.input === undefined ? undefined : await readInput(options.input, invocation);
    const idempotencyKey = options["idempotency-key"] ?? randomUUID();
    await (await invocation.client()).signal(taskId, name, { payload, idempotencyKey });
    await output.data(globals.format, { taskId, name, idempotencyKey }, () => `signalled ${name} to ${taskId}`);
    return 0;
  },
});
