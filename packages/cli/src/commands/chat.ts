import { PlatformError } from "@agentcore/contract";
import type { ChatPiece, ChatRequest } from "@agentcore/sdk/client";
import { defineCommand, type ExitCode, type Invocation } from "../command.ts";
import { describeFailure } from "../failure.ts";
import type { LineReader } from "../line-reader.ts";
import type { NodeClient } from "../node/node-client.ts";
import { UsageError } from "../usage-error.ts";

const OPTIONS = {
  system: { type: "string", value: "TEXT", description: "What a model is told before everything else" },
} as const;

export const command = defineCommand({
  name: "chat",
  summary: "Ask a model or an agent, and print the answer as it comes",
  details: [
    "Without TEXT the question is the standard input; at a terminal it is a conversation, line by line, until an empty line or Ctrl-D.",
    "Ctrl-C breaks an answer off: a model is asked no further, an agent's task goes on. An agent is told the text of each line; when it asks something, the next line answers it.",
  ],
  arguments: [
    {
      name: "NAME",
      description: "A model or an agent; agent/NAME where both are named so",
      completes: "model or agent",
    },
    { name: "TEXT", description: "The question", optional: true },
  ],
  options: OPTIONS,
  examples: [
    { command: 'agentcore chat smart "What is a saga?"', explanation: "One question" },
    {
      command: "git diff | agentcore chat smart --system 'Review this change.'",
      explanation: "A question from a pipe",
    },
    { command: "agentcore chat greeter", explanation: "A conversation with an agent" },
    { command: 'agentcore chat smart "hi" -o json', explanation: "The answer as a whole, with what it cost" },
  ],
  async run(invocation) {
    const {
      arguments: [model = "", text],
      options: { system },
      openLines,
    } = invocation;
    const client = await invocation.client();
    const messages: Message[] = system === undefined ? [] : [{ role: "system", content: system }];
    const chat: Chat = { model, messages };
    if (text === undefined && openLines !== undefined) return converse(invocation, client, chat, openLines());
    const question = text ?? (await invocation.readStdin()).trimEnd();
    if (question === "") throw new UsageError("TEXT is missing: what should be asked?");
    const answer = await ask(invocation, client, chat, question, invocation.signal);
    return finish(invocation, answer);
  },
});

type Message = ChatRequest["messages"][number];
type End = Extract<ChatPiece, { readonly finishReason: string }>;

/** What is known of the conversation so far. */
interface Chat {
  model: string;
  readonly messages: Message[];
  taskId?: string | undefined;
  contextId?: string | undefined;
}

interface Answer {
  readonly text: string;
  readonly end: End | undefined;
}

/** As `answerOf`; a name that no model has may be an agent's. */
const ask = async (
  invocation: Invocation<typeof OPTIONS>,
  client: NodeClient,
  chat: Chat,
  question: string,
  signal: AbortSignal,
): Promise<Answer> => {
  try {
    return await answerOf(invocation, client, chat, question, signal);
  } catch (error) {
    const { model } = chat;
    if (!PlatformError.is(error) || error.code !== "MODEL_NOT_CONFIGURED" || model.includes("/")) throw error;
    if (!(await client.agents()).some(({ name }) => name === model)) throw error;
    chat.model = `agent/${model}`;
    return answerOf(invocation, client, chat, question, signal);
  }
};

/** Prints the answer as it comes, or, for other programs, says nothing before its end. */
const answerOf = async (
  { output, globals }: Invocation<typeof OPTIONS>,
  client: NodeClient,
  chat: Chat,
  question: string,
  signal: AbortSignal,
): Promise<Answer> => {
  const asked = [...chat.messages, { role: "user" as const, content: question }];
  const { model, taskId, contextId } = chat;
  let text = "";
  let end: End | undefined;
  const isShown = globals.format === "table";
  try {
    for await (const piece of client.chat({ model, messages: asked, taskId, contextId }, signal)) {
      if (!("text" in piece)) {
        end = piece;
        continue;
      }
      text += piece.text;
      if (isShown) output.piece(piece.text);
    }
  } finally {
    if (isShown && text !== "" && !text.endsWith("\n")) output.piece("\n");
  }
  chat.messages.push({ role: "user", content: question }, { role: "assistant", content: text });
  chat.taskId = end?.state === undefined || end.state === "completed" ? undefined : end.taskId;
  chat.contextId = chat.taskId === undefined ? end?.contextId : undefined;
  return { text, end };
};

const finish = async ({ output, globals }: Invocation, { text, end }: Answer): Promise<ExitCode> => {
  const asks = end?.taskId !== undefined && end.state !== "completed";
  if (globals.format !== "table") await output.data(globals.format, { text, ...end }, () => text);
  else if (asks && end.state === "auth-required")
    output.say(`task ${end.taskId} waits for access: agentcore authorize ${end.taskId}`, "yellow");
  else if (asks) output.say(`task ${end.taskId} waits for an answer: agentcore send ${end.taskId} TEXT`, "yellow");
  if (end?.finishReason === "length") output.say("the answer was cut at its bound of tokens", "yellow");
  return 0;
};

/** A line is a question, or the answer to one. What fails is told, and the conversation goes on. */
const converse = async (
  invocation: Invocation<typeof OPTIONS>,
  client: NodeClient,
  chat: Chat,
  lines: LineReader,
): Promise<ExitCode> => {
  const { output, globals, signal } = invocation;
  if (globals.format !== "table") {
    lines.close();
    throw new UsageError(`-o ${globals.format} is for one question: give it as TEXT`);
  }
  try {
    for (;;) {
      const line = await lines.next(chat.taskId === undefined ? "> " : "answer> ");
      if (line === null || line.trim() === "") return 0;
      const broken = new AbortController();
      lines.onInterrupt(() => broken.abort());
      try {
        const { end } = await ask(invocation, client, chat, line, AbortSignal.any([signal, broken.signal]));
        if (end?.state === "auth-required") await finish(invocation, { text: "", end });
      } catch (error) {
        if (signal.aborted) throw error;
        if (broken.signal.aborted) output.say("broken off", "yellow");
        else for (const failed of describeFailure(error, globals.verbose)) output.say(failed, "red");
      }
    }
  } finally {
    lines.close();
  }
};
