/**
 * The loop's model over HTTP, in a process of its own. Argument: milliseconds that an answer takes, 0 by default. After `POST /hold/n` those who have n
 * results of the tool are not answered, `GET /held` says how many they are, and `POST /release` gives them the last answer. Says where it is when it is ready.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { ANSWER_TEXT, callAfter, MODEL, TURNS } from "../agent-loop/loop.ts";

const answerAfter = (results: number): Buffer => {
  const call = callAfter(results);
  const message =
    call === null
      ? { role: "assistant", content: ANSWER_TEXT }
      : {
          ...{ role: "assistant", content: null },
          tool_calls: [
            { id: call.id, type: "function", function: { name: call.name, arguments: JSON.stringify(call.input) } },
          ],
        };
  return Buffer.from(
    JSON.stringify({
      ...{ id: "chatcmpl-1", object: "chat.completion", created: 1, model: MODEL },
      choices: [{ index: 0, message, logprobs: null, finish_reason: call === null ? "stop" : "tool_calls" }],
      usage: { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 },
    }),
  );
};

const ANSWERS = Array.from({ length: TURNS }, (_, results) => answerAfter(results));

const latencyMs = Number(process.argv[2] ?? 0);
/** Results of the tool after which an answer is held. */
let holdAfter: number | null = null;
let held: (() => void)[] = [];

const respond = (response: ServerResponse, body: Buffer): void => {
  response.writeHead(200, { "content-type": "application/json", "content-length": body.length });
  response.end(body);
};

const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const [, hold] = /^\/v1\/hold\/(\d+)$/.exec(request.url ?? "") ?? [];
  if (hold !== undefined) holdAfter = Number(hold);
  if (request.url === "/v1/release") {
    holdAfter = null;
    for (const answer of held) answer();
    held = [];
  }
  if (request.url !== "/v1/chat/completions") return respond(response, Buffer.from(String(held.length)));
  const { messages } = JSON.parse(await text(request)) as { readonly messages: readonly { readonly role: string }[] };
  const results = messages.filter(({ role }) => role === "tool").length;
  const answer = (): void => respond(response, ANSWERS[results] ?? Buffer.alloc(0));
  if (results === holdAfter) held.push(() => respond(response, ANSWERS[TURNS - 1] ?? Buffer.alloc(0)));
  else if (latencyMs === 0) answer();
  else setTimeout(answer, latencyMs);
};

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => void handle(request, response));
server.listen(0, "127.0.0.1", () => {
  process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1` });
});
process.once("disconnect", () => process.exit(1));
