/** Agents of the node that another node calls. */
import { agent } from "@agentcore/sdk";

/** Asks once, streams what it does, and returns a value that is no text. */
export const writer = agent<{ readonly topic: string }, { readonly topic: string; readonly tone: string }>({
  name: "writer",
  description: "Writes about a topic",
  version: "3.0.0",
  skills: [{ id: "write", name: "Write", tags: ["text"] }],
  async run(task, ctx) {
    await ctx.progress("thinking");
    const tone = await ctx.waitForInput("Which tone?");
    for (const text of ["On ", task.input.topic]) await ctx.artifact({ name: "draft.txt", text, append: true });
    return { topic: task.input.topic, tone };
  },
});

/** Never ends by itself. */
export const sleeper = agent({
  name: "sleeper",
  description: "Sleeps",
  async run(_task, ctx) {
    await ctx.artifact({ name: "note", text: "asleep" });
    await ctx.sleep(3_600_000);
  },
});

/** Works until it has been told twice, and then says what. */
export const listener = agent({
  name: "listener",
  description: "Listens",
  async run(_task, ctx) {
    await ctx.artifact({ name: "ready", text: "ready" });
    while (ctx.messages.length < 2) await ctx.sleep(100);
    return ctx.messages.map(({ parts }) => parts[0]?.text);
  },
});

export const asker = agent({
  name: "asker",
  description: "Asks for access",
  async run(_task, ctx) {
    const request = { prompt: "May I?", name: "github", scopes: ["repo"], url: "https://github.test/consent" };
    return (await ctx.waitForAuthorization(request)).name;
  },
});

/** Has the remote agent `back` do it. */
export const relay = agent({
  name: "relay",
  description: "Hands on",
  run: (task, ctx) => ctx.command({ agent: "back" }, task.input),
});
