// The A2A agent of Strands, told the card's address: prints what it saw as JSON. It takes nothing but text, and every message begins a task; its result
// leaves a question out, its events do not.
import { A2AAgent } from "@strands-agents/sdk/a2a";

const [cardUrl] = process.argv.slice(2);
const agent = new A2AAgent({ url: cardUrl, agentCardPath: "" });
const textOf = ({ lastMessage }) => lastMessage.content.map(({ text }) => text).join("");

const sent = await agent.invoke("greet");
const kinds = [];
const events = agent.stream("stream");
let next = await events.next();
for (; next.done !== true; next = await events.next()) kinds.push(next.value.event?.kind ?? next.value.type);
const asked = [];
for await (const { event } of agent.stream("ask")) if (event?.kind === "status-update") asked.push(event.status);
const { state, message } = asked.at(-1);
console.log(
  JSON.stringify({
    name: agent.name,
    sent: textOf(sent),
    streamed: kinds,
    text: textOf(next.value),
    question: [state, message.parts[0].text],
  }),
);
