/**
 * Answers every chat completion with the same text, in a process of its own. Argument: milliseconds that an answer takes, 0 by default.
 * Says where it is when it is ready.
 */
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { ANSWER_TEXT } from "../model-question.ts";

const ANSWER = Buffer.from(
  JSON.stringify({
    ...{ id: "chatcmpl-1", object: "chat.completion", created: 1, model: "small" },
    choices: [
      { index: 0, message: { role: "assistant", content: ANSWER_TEXT }, logprobs: null, finish_reason: "stop" },
    ],
    usage: { prompt_tokens: 20, completion_tokens: 10, total_tokens: 30 },
  }),
);

const answer = (response: ServerResponse): void => {
  response.writeHead(200, { "content-type": "application/json", "content-length": ANSWER.length });
  response.end(ANSWER);
};

const latencyMs = Number(process.argv[2] ?? 0);
const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  request.resume();
  request.once("end", () => {
    if (latencyMs === 0) answer(response);
    else setTimeout(answer, latencyMs, response);
  });
});
server.listen(0, "127.0.0.1", () => {
  process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1` });
});
process.once("disconnect", () => process.exit(1));
