// Models that are scripted, in the four protocols that coding agents speak: whoever is asked to write, writes; whoever is told that it does not pass,
// writes what does.
import { createServer } from "node:http";

/** @returns {Promise<{ url: string, requests: string[], close: () => void }>} */
export const serveModels = async () => {
  const requests = [];
  const serve = async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    requests.push(request.url);
    const answer = ANSWERS.find(({ path }) => path.test(request.url ?? ""));
    if (answer === undefined) return void response.writeHead(404).end();
    answer.answer(JSON.parse(body || "{}"), response, request.url ?? "");
  };
  const server = createServer((request, response) => {
    serve(request, response).catch((error) => response.destroy(error));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, requests, close: () => server.close() };
};

const stream = (response, events) => {
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (const [name, data] of events)
    response.write(
      `${name === null ? "" : `event: ${name}\n`}data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`,
    );
  response.end();
};

const DONE = "Wrote hello.txt.";
/** What is to be written now, from the last that was said to it; null: it has been. */
const toWrite = (last, all, isAfterTool) => {
  if (isAfterTool) return null;
  return JSON.stringify(last).includes("do not pass") ? "right" : "wrong";
};
/** Absolute, for those that want it so: the folder stands in what they tell their model. */
const pathIn = (json) => {
  const folder = /(\/[^\s"\\]*\/runs\/[0-9a-f]+\/work-[0-9a-f]{20})/.exec(JSON.stringify(json))?.[1];
  return folder === undefined ? "hello.txt" : `${folder}/hello.txt`;
};

const ANSWERS = [
  {
    path: /^\/v1\/messages/,
    answer(json, response) {
      const last = json.messages?.findLast(({ role }) => role === "user") ?? "";
      const canWrite = (json.tools ?? []).some(({ name }) => name === "Write");
      const text = toWrite(last, json, JSON.stringify(last).includes("tool_result"));
      const block =
        !canWrite || text === null
          ? { type: "text", text: DONE }
          : {
              type: "tool_use",
              id: `toolu_${Date.now()}`,
              name: "Write",
              input: { file_path: pathIn(json), content: `${text}\n` },
            };
      const isText = block.type === "text";
      const delta = isText
        ? { type: "text_delta", text: block.text }
        : { type: "input_json_delta", partial_json: JSON.stringify(block.input) };
      const usage = { input_tokens: 100, output_tokens: 1, cache_read_input_tokens: 0, cache_creation_input_tokens: 0 };
      const message = {
        id: `msg_${Date.now()}`,
        type: "message",
        role: "assistant",
        model: json.model,
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage,
      };
      stream(response, [
        ["message_start", { type: "message_start", message }],
        [
          "content_block_start",
          {
            type: "content_block_start",
            index: 0,
            content_block: isText ? { type: "text", text: "" } : { ...block, input: {} },
          },
        ],
        ["content_block_delta", { type: "content_block_delta", index: 0, delta }],
        ["content_block_stop", { type: "content_block_stop", index: 0 }],
        [
          "message_delta",
          {
            type: "message_delta",
            delta: { stop_reason: isText ? "end_turn" : "tool_use", stop_sequence: null },
            usage: { output_tokens: 20 },
          },
        ],
        ["message_stop", { type: "message_stop" }],
      ]);
    },
  },
  {
    path: /\/responses$/,
    answer(json, response) {
      const last = json.input?.at(-1) ?? "";
      const text = toWrite(last, json, /_output"/.test(JSON.stringify(last)));
      const item =
        text === null
          ? {
              type: "message",
              id: `msg_${Date.now()}`,
              role: "assistant",
              status: "completed",
              content: [{ type: "output_text", text: DONE, annotations: [] }],
            }
          : {
              type: "function_call",
              id: `fc_${Date.now()}`,
              call_id: `call_${Date.now()}`,
              name: "exec_command",
              arguments: JSON.stringify({ cmd: `echo ${text} > hello.txt` }),
              status: "completed",
            };
      const usage = {
        input_tokens: 100,
        input_tokens_details: { cached_tokens: 0 },
        output_tokens: 20,
        output_tokens_details: { reasoning_tokens: 0 },
        total_tokens: 120,
      };
      stream(response, [
        ["response.created", { type: "response.created", response: { id: "resp_1" } }],
        ["response.output_item.done", { type: "response.output_item.done", output_index: 0, item }],
        ["response.completed", { type: "response.completed", response: { id: "resp_1", usage } }],
      ]);
    },
  },
  {
    path: /enerateContent/,
    answer(json, response, url) {
      const last = json.contents?.at(-1) ?? "";
      const text = toWrite(last, json, JSON.stringify(last).includes("functionResponse"));
      const parts =
        text === null || !JSON.stringify(json.tools ?? "").includes('"write_file"')
          ? [{ text: DONE }]
          : [{ functionCall: { name: "write_file", args: { file_path: pathIn(json), content: `${text}\n` } } }];
      const answer = {
        candidates: [{ content: { role: "model", parts }, finishReason: "STOP", index: 0 }],
        usageMetadata: { promptTokenCount: 100, candidatesTokenCount: 20, totalTokenCount: 120 },
      };
      if (url.includes("stream")) return stream(response, [[null, answer]]);
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
    },
  },
  {
    path: /\/chat\/completions$/,
    answer(json, response) {
      const last = json.messages?.at(-1) ?? {};
      const canWrite = (json.tools ?? []).some(({ function: { name } }) => name === "write");
      const text = canWrite ? toWrite(last, json, last.role === "tool") : null;
      const base = { id: "c1", object: "chat.completion.chunk", created: 1, model: json.model };
      const usage = { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 };
      const call = {
        index: 0,
        id: `call_${Date.now()}`,
        type: "function",
        function: { name: "write", arguments: JSON.stringify({ filePath: pathIn(json), content: `${text}\n` }) },
      };
      const delta = text === null ? { role: "assistant", content: DONE } : { role: "assistant", tool_calls: [call] };
      stream(response, [
        [null, { ...base, choices: [{ index: 0, delta, finish_reason: null }] }],
        [
          null,
          { ...base, choices: [{ index: 0, delta: {}, finish_reason: text === null ? "stop" : "tool_calls" }], usage },
        ],
        [null, "[DONE]"],
      ]);
    },
  },
];
