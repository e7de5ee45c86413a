/** Agents that think: each asks a model that is counted, and has tools that are counted where they act. */
import { groupChat, planAndExecute } from "@agentcore/agents";
import { agent, type Tool, tool } from "@agentcore/sdk";
import { z } from "zod";

const act = async (name: string, about: string, key: string): Promise<string> => {
  const response = await fetch(`${process.env["OUTSIDE"]}/effects`, {
    method: "POST",
    body: JSON.stringify({ tool: name, about, key }),
  });
  if (!response.ok) throw new Error(`the outside answered ${response.status}`);
  return response.text();
};

const counted = (name: string, more: Pick<Tool, "readOnly" | "idempotent">) =>
  tool({
    ...{ name, description: `Does ${name}`, ...more },
    input: z.object({ about: z.string() }),
    execute: ({ about }, { idempotencyKey }) => act(name, about, idempotencyKey),
  });

const tools = [counted("look", { readOnly: true }), counted("reserve", { idempotent: true }), counted("send", {})];
const thinks = { model: "outside", instructions: "Be quick.", tools };

export const reacting = agent({ name: "reacting", description: "Works by react", ...thinks });

export const planning = agent({
  name: "planning",
  description: "Works by a plan",
  ...thinks,
  strategy: planAndExecute(),
});

export const writer = agent({ name: "writer", description: "Writes, with tools", ...thinks });

export const critic = agent({
  name: "critic",
  description: "Finds faults",
  model: "outside",
  instructions: "Be quick.",
});

export const chatting = groupChat({
  name: "chatting",
  members: { writer: { agent: "writer" }, critic: { agent: "critic" } },
  manager: { model: "outside" },
});

/** What no agent may do: it asks, and acts, past `ctx`. For the test of the test. */
export const careless = agent({
  name: "careless",
  description: "Works past ctx",
  model: "outside",
  async run(task, ctx) {
    const messages = [{ role: "user" as const, content: String(task.input) }];
    const response = await fetch(`${process.env["OUTSIDE"]}/v1/chat/completions`, {
      method: "POST",
      body: JSON.stringify({ model: "small", messages }),
    });
    const { choices } = (await response.json()) as { choices: [{ message: { content: string } }] };
    const [{ message }] = choices;
    const done = await act("send", message.content, crypto.randomUUID());
    for (let turn = 0; turn < 3; turn++) {
      messages.push({ role: "user", content: `${message.content} ${done} ${turn}` });
      await ctx.model({ messages });
    }
    return "careless";
  },
});
