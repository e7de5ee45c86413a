// The JavaScript client of OpenAI's API, told a node's address and a key: prints what it saw as JSON.
import OpenAI from "openai";

const [what, url, apiKey] = process.argv.slice(2);
const client = new OpenAI({ baseURL: `${url}/v1`, apiKey });

/** The class of what is thrown, and what a program would look at. */
const refused = async (work) => {
  try {
    await work();
    return null;
  } catch (error) {
    const { status, code, type, param } = error;
    return { name: error.constructor.name, status, code, type, param };
  }
};

const ask = (model, content, more = {}) =>
  client.chat.completions.create({ model, messages: [{ role: "user", content }], ...more });

const stream = (model, content) =>
  client.chat.completions.create({ model, messages: [{ role: "user", content }], stream: true });

const weather = {
  type: "function",
  function: {
    name: "weather",
    description: "Of a city",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
    function: ({ city }) => `6 degrees in ${city}`,
    parse: JSON.parse,
  },
};

const models = async () => {
  const said = await ask("smart", "hello");
  const inPieces = client.chat.completions.stream({
    ...{ model: "smart", messages: [{ role: "user", content: "stream" }], stream_options: { include_usage: true } },
  });
  const deltas = [];
  inPieces.on("content", (delta) => deltas.push(delta));
  const streamed = await inPieces.finalChatCompletion();
  const runner = client.chat.completions.runTools({
    ...{ model: "smart", messages: [{ role: "user", content: "weather" }], tools: [weather] },
  });
  const tooled = await runner.finalContent();
  const streamedTools = await client.chat.completions
    .runTools({ model: "smart", messages: [{ role: "user", content: "weather" }], tools: [weather], stream: true })
    .finalContent();
  const response = await client.responses.create({ model: "smart", input: "hello", instructions: "Be brief" });
  const events = [];
  const responseStream = client.responses.stream({ model: "smart", input: "stream" });
  for await (const event of responseStream) events.push(event.type);
  const finalResponse = await responseStream.finalResponse();
  const embedding = await client.embeddings.create({ model: "small", input: ["one", "three"] });
  const list = [];
  for await (const { id } of client.models.list()) list.push(id);
  const one = await client.models.retrieve("openai/gpt-5-mini");

  const aborted = new AbortController();
  const hanging = await client.chat.completions.create(
    { model: "smart", messages: [{ role: "user", content: "hang" }], stream: true },
    { signal: aborted.signal },
  );
  const seen = [];
  for await (const { choices } of hanging) {
    seen.push(choices[0].delta.content);
    if (seen.includes("and")) aborted.abort();
  }
  const other = new OpenAI({ baseURL: `${url}/v1`, apiKey: "not-a-key-of-this-node" });
  return {
    ...{ said: said.choices[0].message.content, usage: said.usage.total_tokens, deltas },
    streamed: [streamed.choices[0].message.content, streamed.usage.total_tokens],
    ...{ tooled, streamedTools, response: response.output_text, events: [...new Set(events)] },
    ...{ finalResponse: finalResponse.output_text, vectors: embedding.data.map((each) => each.embedding) },
    ...{ list, one: one.id, seen },
    refusals: {
      key: await refused(() => other.models.list()),
      scope: await refused(() => ask("secret", "hello")),
      model: await refused(() => ask("smart", "unknown")),
      limit: await refused(() => ask("smart", "limit")),
      budget: await refused(() => ask("smart", "budget")),
      upstream: await refused(() => ask("smart", "upstream")),
      image: await refused(() =>
        ask("smart", [{ type: "image_url", image_url: { url: "https://example.com/a.png" } }]),
      ),
      midway: await refused(async () => {
        for await (const _ of await stream("smart", "midway"));
      }),
    },
  };
};

const agents = async () => {
  const hello = await ask("agent/guide", "greet");
  const deltas = [];
  for await (const { choices } of await stream("agent/guide", "stream")) deltas.push(choices[0].delta.content ?? "");
  const asked = await ask("agent/guide", "ask");
  const told = await ask("agent/guide", "blue", { agentcore: { taskId: asked.agentcore.taskId } });
  const form = await ask("agent/form", '{"amount":5}');
  const conversation = await client.chat.completions.create({
    model: "agent/talk",
    messages: [
      { role: "user", content: "I am Ada" },
      { role: "assistant", content: "Hi" },
      { role: "user", content: "who am I?" },
    ],
  });
  const keys = { idempotencyKey: "order-7", headers: { "idempotency-key": "order-7" } };
  const again = [];
  for (let count = 0; count < 2; count += 1)
    again.push(
      await client.chat.completions.create(
        { model: "agent/guide", messages: [{ role: "user", content: "greet" }] },
        keys,
      ),
    );
  const aborted = new AbortController();
  const { response } = await client.chat.completions
    .create(
      { model: "agent/guide", messages: [{ role: "user", content: "hold" }], stream: true },
      { signal: aborted.signal },
    )
    .withResponse();
  aborted.abort();
  const list = [];
  for await (const { id } of client.models.list()) list.push(id);
  return {
    ...{ hello: hello.choices[0].message.content, streamed: deltas.join(""), pieces: deltas.filter(Boolean).length },
    ...{ asked: [asked.choices[0].message.content, asked.agentcore.state], told: told.choices[0].message.content },
    ...{ form: form.choices[0].message.content, conversation: conversation.choices[0].message.content },
    ...{ sameTask: again[0].agentcore.taskId === again[1].agentcore.taskId, list },
    held: response.headers.get("agentcore-task-id"),
    unknown: await refused(() => ask("agent/nobody", "hello")),
  };
};

console.log(JSON.stringify(await (what === "models" ? models() : agents())));
