/** Agents of tools.int.test.ts: each calls the tool that its task names, and says what came of it. */
import { agent, type PlatformError, tool } from "@agentcore/sdk";
import { z } from "zod";

const input = z.object({ to: z.string() });
const send = tool({
  ...{ name: "send_mail", description: "Sends a mail", input, permission: "mail:send" },
  execute: ({ to }) => `sent to ${to}`,
});
const search = tool({
  ...{ name: "search_web", description: "Searches", input, readOnly: true, costUsd: 0.25 },
  execute: ({ to }) => `found ${to}`,
});

export const clerk = agent({
  name: "clerk",
  description: "Calls tools",
  tools: [send, search],
  async run(task, ctx) {
    const { name, to } = task.input as { name: string; to: string };
    const chosen = [send, search].find((each) => each.name === name);
    if (chosen === undefined) return "no such tool";
    return ctx.tool(chosen, { to }).catch((error: PlatformError) => `${error.code}: ${error.message}`);
  },
});

export const chief = agent({
  name: "chief",
  description: "Has the clerk do it",
  run: (task, ctx) => ctx.command({ agent: "clerk" }, task.input),
});
