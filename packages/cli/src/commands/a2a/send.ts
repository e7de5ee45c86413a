import { randomUUID } from "node:crypto";
import type { SendMessageRequest } from "@agentcore/contract";
import { openClient } from "../../a2a/open-client.ts";
import { exitCodeOf, printMessage, printTask } from "../../a2a/print-answer.ts";
import { printStream } from "../../a2a/print-stream.ts";
import { readMessage } from "../../a2a/read-message.ts";
import { CREDENTIAL_OPTIONS, INTERFACE_OPTIONS, URL_ARGUMENT } from "../../a2a/server-options.ts";
import { defineCommand, type Invocation } from "../../command.ts";
import { readCount } from "../../read-count.ts";
import { parseJson } from "../../read-input.ts";
import { UsageError } from "../../usage-error.ts";

export const command = defineCommand({
  name: "a2a send",
  summary: "Send a message to any A2A agent and print its answer",
  details: [
    "Waits until the task ends or asks for something. Artifacts go to stdout, states to stderr; with -o json, all that came.",
    "Ends with 1 when the task fails, is rejected or canceled.",
  ],
  reaches: "agents",
  arguments: [
    URL_ARGUMENT,
    {
      name: "@FILE",
      description: "Text, a list of parts, or a Message of A2A; any other JSON is sent as data",
      optional: true,
      completes: "path",
    },
  ],
  options: {
    text: { type: "string", short: "t", value: "TEXT", description: "What to say" },
    data: { type: "string", value: "JSON", description: "Structured data, sent after the text" },
    task: { type: "string", value: "TASK_ID", description: "The task that the message is for, as an answer" },
    context: { type: "string", value: "CONTEXT_ID", description: "The conversation that it goes on with" },
    stream: { type: "boolean", description: "Print what comes while it comes" },
    immediate: { type: "boolean", description: "Do not wait: print the task as it begins" },
    timeout: { type: "string", value: "SECONDS", description: "How long an answer may take", default: "300" },
    ...INTERFACE_OPTIONS,
    ...CREDENTIAL_OPTIONS,
  },
  examples: [
    {
      command: 'agentcore a2a send http://127.0.0.1:4700/a2a/greeter --data \'{"name":"Ada"}\'',
      explanation: "Data, to an agent of this node",
    },
    {
      command: 'agentcore a2a send https://agents.example.com -t "Summarise the report" --stream --bearer-env TOKEN',
      explanation: "Words, to an agent elsewhere, as it answers",
    },
    {
      command: 'agentcore a2a send https://agents.example.com -t "Yes" --task 7f3c -o json',
      explanation: "The answer that a task waits for",
    },
  ],
  async run({ arguments: [url = "", file], options, globals, output, environment, cwd, readStdin, signal }) {
    const timeoutMs = readCount(options.timeout, "--timeout", 1) * 1_000;
    const message = await messageOf({ file, options, cwd, readStdin });
    const client = await openClient(url, options, { environment, signal });
    const request: SendMessageRequest = {
      message,
      ...(options.immediate ? { configuration: { returnImmediately: true } } : {}),
    };
    if (options.stream) {
      const frames = client.sendStream(request, { signal, timeoutMs });
      return printStream(output, globals.format, { frames, client, signal });
    }
    const answer = await client.send(request, { signal, timeoutMs });
    if (globals.format !== "table") await output.data(globals.format, answer, () => "");
    else if ("task" in answer) printTask(output, answer.task);
    else printMessage(output, answer.message);
    return "task" in answer ? exitCodeOf(answer.task.status) : 0;
  },
});

interface Said extends Pick<Invocation, "cwd" | "readStdin"> {
  readonly file: string | undefined;
  readonly options: {
    readonly text: string | undefined;
    readonly data: string | undefined;
    readonly task: string | undefined;
    readonly context: string | undefined;
  };
}

const messageOf = async ({ file, options, cwd, readStdin }: Said): Promise<SendMessageRequest["message"]> => {
  if (file !== undefined && !file.startsWith("@"))
    throw new UsageError(`${file}: expected @FILE; --text sends words, --data sends JSON`);
  const content = file === undefined ? { parts: [] } : await readMessage(file, { cwd, readStdin });
  const { A2AMessage } = await import("@agentcore/contract");
  const message = {
    ...{ messageId: randomUUID(), role: "ROLE_USER", ...content },
    parts: [
      ...content.parts,
      ...(options.text === undefined ? [] : [{ text: options.text }]),
      ...(options.data === undefined ? [] : [{ data: parseJson(options.data, "--data") }]),
    ],
    ...(options.task === undefined ? {} : { taskId: options.task }),
    ...(options.context === undefined ? {} : { contextId: options.context }),
  };
  if (message.parts.length === 0) throw new UsageError("--text, --data or @FILE is missing: what should be sent?");
  const result = A2AMessage.safeParse(message);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new UsageError(`the message is not valid: ${issue?.path.join(".")}: ${issue?.message}`);
};
