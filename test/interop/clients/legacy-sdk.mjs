// @a2a-js/sdk of A2A 0.3, told the card's address, a binding, and a key or nothing: prints what it saw as JSON.
import { randomUUID } from "node:crypto";
import {
  ClientFactory,
  createAuthenticatingFetchWithRetry,
  DefaultAgentCardResolver,
  JsonRpcTransportFactory,
  RestTransportFactory,
} from "@a2a-js/sdk/client";

const [cardUrl, binding, key] = process.argv.slice(2);
const authentication = {
  headers: async () => ({ authorization: `Bearer ${key}` }),
  shouldRetryWithHeaders: async () => undefined,
};
const fetchImpl = key === undefined ? fetch : createAuthenticatingFetchWithRetry(fetch, authentication);
const factory = new ClientFactory({
  transports: [new JsonRpcTransportFactory({ fetchImpl }), new RestTransportFactory({ fetchImpl })],
  preferredTransports: [binding],
  cardResolver: new DefaultAgentCardResolver({ fetchImpl }),
});
const client = await factory.createFromUrl(cardUrl, "");

const say = (text, more = {}) => ({
  message: { kind: "message", messageId: randomUUID(), role: "user", parts: [{ kind: "text", text }], ...more },
});
const textOf = (artifacts = []) =>
  artifacts.flatMap(({ parts }) => parts.map((part) => (part.kind === "text" ? part.text : part.kind))).join("");

const sent = await client.sendMessage(say("greet"));
const streamed = [];
for await (const event of client.sendMessageStream(say("stream"))) streamed.push(event);
const asked = await client.sendMessage(say("ask"));
const answered = await client.sendMessage(say("blue", { taskId: asked.id, contextId: asked.contextId }));
const held = await client.sendMessage({ ...say("hold"), configuration: { blocking: false } });
const canceled = await client.cancelTask({ id: held.id });
const got = await client.getTask({ id: answered.id });
const missing = await client.getTask({ id: "nobody" }).then(
  () => "found",
  (error) => error.constructor.name,
);
console.log(
  JSON.stringify({
    name: (await client.getAgentCard()).name,
    sent: textOf(sent.artifacts),
    streamed: streamed.map(({ kind, status }) => (kind === "status-update" ? status.state : kind)),
    text: textOf(streamed.flatMap(({ artifact }) => (artifact === undefined ? [] : [artifact]))),
    asked: asked.status.state,
    question: asked.status.message.parts[0].text,
    answered: textOf(answered.artifacts),
    canceled: canceled.status.state,
    got: got.status.state,
    missing,
  }),
);
