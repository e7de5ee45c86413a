// The AI SDK with its provider for A2A, told the card's address: prints what it saw as JSON. It has no way to cancel, to read a task,
// or to say which task an answer is for.
import { a2a } from "a2a-ai-provider";
import { generateText, streamText } from "ai";

const [cardUrl] = process.argv.slice(2);
const print = console.log;
// The provider writes what it does to the console.
console.log = () => {};

const model = a2a(cardUrl);
const sent = await generateText({ model, prompt: "greet" });
const inContext = { providerOptions: { a2a: { contextId: "a-conversation" } } };
const stream = streamText({ model, prompt: "stream", ...inContext });
const deltas = [];
for await (const delta of stream.textStream) deltas.push(delta);
const asked = await generateText({ model, prompt: "ask", ...inContext });
const question = asked.response.body;
print(
  JSON.stringify({
    sent: sent.text,
    deltas,
    finishReason: await stream.finishReason,
    asked: question.status.state,
    question: question.status.message.parts[0].text,
    contextId: question.contextId,
  }),
);
