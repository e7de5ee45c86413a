/**
 * The loop's model over HTTP, in a process of its own. Argument: milliseconds that an answer takes, 0 by default. After `POST /hold/n` those who have n
 * results of the tool are not answered, `GET /held` says how many they are, and `POST /release` gives them the last answer. Says where it is when it is ready.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { ANSWER_TEXT, callAfter, MODEL, TURNS } from "../agent-loop/loop.ts";

interface Answer {
  readonly whole: Buffer;
  /** As server-sent events: a piece for each word, or one for the call. */
  readonly streamed: Buffer;
}

const HEAD = { id: "chatcmpl-1", created: 1, model: MODEL };
const usage = { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 };

const answerAfter = (results: number): Answer => {
  const call = callAfter(results);
  const finish_reason = call === null ? "stop" : "tool_calls";
  const calls =
    call === null
      ? []
      : [{ id: call.id, type: "function", function: { name: call.name, arguments: JSON.stringify(call.input) } }];
  const message =
    call === null
      ? { role: "assistant", content: ANSWER_TEXT }
      : { role: "assistant", content: null, tool_calls: calls };
  const pieces =
    call === null
      ? (ANSWER_TEXT.match(/\S+\s*/g) ?? []).map((content) => ({ content }))
      : [{ tool_calls: calls.map((each, index) => ({ index, ...each })) }];
  const chunk = (delta: object, reason: string | null): object => ({
    ...{ ...HEAD, object: "chat.completion.chunk" },
    choices: [{ index: 0, delta, logprobs: null, finish_reason: reason }],
  });
  const chunks = [
    chunk({ role: "assistant" }, null),
    ...pieces.map((piece) => chunk(piece, null)),
    chunk({}, finish_reason),
    { ...HEAD, object: "chat.completion.chunk", choices: [], usage },
  ];
  const whole = {
    ...{ ...HEAD, object: "chat.completion" },
    ...{ choices: [{ index: 0, message, logprobs: null, finish_reason }], usage },
  };
  return {
    whole: Buffer.from(JSON.stringify(whole)),
    streamed: Buffer.from(
      [...chunks.map((each) => JSON.stringify(each)), "[DONE]"].map((data) => `data: ${data}\n\n`).join(""),
    ),
  };
};

const ANSWERS = Array.from({ length: TURNS }, (_, results) => answerAfter(results));
const LAST = answerAfter(TURNS - 1);

const latencyMs = Number(process.argv[2] ?? 0);
/** Results of the tool after which an answer is held. */
let holdAfter: number | null = null;
let held: (() => void)[] = [];

const respond = (response: ServerResponse, body: Buffer | string, type = "application/json"): void => {
  response.writeHead(200, { "content-type": type, "content-length": Buffer.byteLength(body) });
  response.end(body);
};

interface Asked {
  readonly stream?: boolean;
  readonly messages: readonly { readonly role: string }[];
}

const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const [, hold] = /^\/v1\/hold\/(\d+)$/.exec(request.url ?? "") ?? [];
  if (hold !== undefined) holdAfter = Number(hold);
  if (request.url === "/v1/release") {
    holdAfter = null;
    for (const answer of held) answer();
    held = [];
  }
  if (request.url !== "/v1/chat/completions") return respond(response, String(held.length));
  const { messages, stream = false } = JSON.parse(await text(request)) as Asked;
  const results = messages.filter(({ role }) => role === "tool").length;
  const give = ({ whole, streamed }: Answer): void =>
    stream ? respond(response, streamed, "text/event-stream") : respond(response, whole);
  if (results === holdAfter) held.push(() => give(LAST));
  else if (latencyMs === 0) give(ANSWERS[results] ?? LAST);
  else setTimeout(give, latencyMs, ANSWERS[results] ?? LAST);
};

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => void handle(request, response));
server.listen(0, "127.0.0.1", () => {
  process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1` });
});
process.once("disconnect", () => process.exit(1));
