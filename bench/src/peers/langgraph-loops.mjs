import { join } from "node:path";
import { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { AIMessage } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { SqliteSaver } from "@langchain/langgraph-checkpoint-sqlite";
import { createAgent } from "langchain";
import { z } from "zod";

// "async", as it comes, saves a step while the next one runs: weaker than ours.
const DURABILITY = "sync";

/** The agent that LangChain recommends, on its SQLite saver; its model is in process, or behind `url`. */
export const startLoops = async ({ place, loop, full, url }) => {
  const saver = SqliteSaver.fromConnString(join(place, "langgraph.db"));
  saver.setup();
  if (full) saver.db.pragma("synchronous = FULL");
  const price = tool(loop.priceOf, {
    name: loop.TOOL_NAME,
    description: loop.TOOL_DESCRIPTION,
    schema: z.object({ part: z.number() }),
  });
  const agent = createAgent({
    model: new LoopModel(loop, url),
    tools: [price],
    systemPrompt: loop.INSTRUCTIONS,
    checkpointer: saver,
  });
  const prefix = Date.now().toString(36);
  let threads = 0;
  return {
    notes: [
      `LangChain's createAgent on LangGraph.js: SqliteSaver, WAL, synchronous=${full ? "FULL" : "NORMAL, as its driver is built (a commit is not synced: weaker than ours)"}, durability "${DURABILITY}": a node's writes and a checkpoint are committed before the next begins`,
    ],
    run: async () => {
      const { messages } = await agent.invoke(
        { messages: [{ role: "user", content: loop.QUESTION }] },
        {
          configurable: { thread_id: `${prefix}-${++threads}` },
          durability: DURABILITY,
          recursionLimit: 4 * loop.TURNS,
        },
      );
      return messages.at(-1).content;
    },
    // A call of the model or the tool is a node, which writes its messages, as the start of a thread does.
    countSteps: async () =>
      saver.db.prepare("select count(*) - count(distinct thread_id) as n from writes where channel = 'messages'").get()
        .n,
    close: async () => saver.db.close(),
  };
};

class LoopModel extends BaseChatModel {
  constructor(loop, url) {
    super({});
    this.loop = loop;
    this.url = url;
  }

  _llmType() {
    return "loop";
  }

  /** The tools are the same in every call: nothing to remember. */
  bindTools() {
    return this;
  }

  async _generate(messages) {
    const { callAfter, ANSWER_TEXT } = this.loop;
    const call =
      this.url === undefined
        ? callAfter(messages.filter((each) => each.type === "tool").length)
        : await callFrom(this.url, this.loop, messages);
    const text = call === null ? ANSWER_TEXT : "";
    const message = new AIMessage({
      content: text,
      tool_calls: call === null ? [] : [{ id: call.id, name: call.name, args: call.input, type: "tool_call" }],
      usage_metadata: { input_tokens: 100, output_tokens: 10, total_tokens: 110 },
    });
    return { generations: [{ text, message }] };
  }
}

/** By plain fetch: no client of a provider between, which is less than a user of LangChain has. */
const callFrom = async (url, loop, messages) => {
  const response = await fetch(`${url}/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: loop.MODEL, messages: messages.map(toWire) }),
  });
  const { choices } = await response.json();
  const { content, tool_calls: calls } = choices[0].message;
  if (calls !== undefined)
    return { id: calls[0].id, name: calls[0].function.name, input: JSON.parse(calls[0].function.arguments) };
  if (content !== loop.ANSWER_TEXT) throw new Error(`the model answered ${content}`);
  return null;
};

const ROLES = { system: "system", human: "user", ai: "assistant", tool: "tool" };

const toWire = ({ type, content, tool_calls: calls = [], tool_call_id: id }) => ({
  ...{ role: ROLES[type], content },
  ...(id === undefined ? {} : { tool_call_id: id }),
  ...(calls.length === 0
    ? {}
    : {
        tool_calls: calls.map((call) => ({
          ...{ id: call.id, type: "function" },
          function: { name: call.name, arguments: JSON.stringify(call.args) },
        })),
      }),
});
