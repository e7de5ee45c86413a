/**
 * Codex: `codex exec --json`. Held against 0.169.0: it has no limit of turns, which are counted here; usage is that of the whole session, and
 * there is no cost. Settings go by `-c`, since `exec resume` takes fewer options than `exec`.
 */
import { bounded, type CodingEvent, MAX_TEXT_CHARACTERS, sessionNamed } from "./coding-event.ts";
import type { Dialect } from "./dialect.ts";
import { aboutOf, amountIn, type JsonObject, listIn, objectIn, parseLine, textIn } from "./json-members.ts";

/** Items by which it does something. */
const TOOLS = ["command_execution", "file_change", "mcp_tool_call", "web_search", "collab_tool_call"];

export const codex: Dialect = {
  command: "codex",
  resumes: true,
  tellsCost: false,
  invoke({ prompt, session, model, instructions, trustsRepository, args }) {
    return {
      args: [
        ...["exec", ...(session === null ? [] : ["resume"]), "--json"],
        ...(trustsRepository ? [] : ["--ignore-rules"]),
        ...["-c", 'approval_policy="never"', "-c", 'sandbox_mode="workspace-write"'],
        ...(model === undefined ? [] : ["-m", model]),
        // A string of JSON is one of TOML.
        ...(instructions === undefined ? [] : ["-c", `developer_instructions=${JSON.stringify(instructions)}`]),
        ...args,
        ...(session === null ? [] : [session]),
        "-",
      ],
      stdin: prompt,
      env: {},
      files: {},
    };
  },
  read(line) {
    const json = parseLine(line);
    if (json === null) return [];
    switch (json["type"]) {
      case "thread.started":
        return sessionNamed(textIn(json, "thread_id"));
      case "item.started":
        return itemBegun(objectIn(json, "item"));
      case "item.completed":
        return itemEnded(objectIn(json, "item"));
      case "turn.completed":
        return [usageOf(objectIn(json, "usage")), { type: "result", outcome: "done", text: "" }];
      case "turn.failed":
        return [{ type: "result", outcome: "failed", text: messageOf(objectIn(json, "error")) }];
      case "error":
        return [{ type: "problem", message: messageOf(json) }];
      default:
        return [];
    }
  },
};

const itemBegun = (item: JsonObject): readonly CodingEvent[] => {
  const type = textIn(item, "type");
  return TOOLS.includes(type) ? [{ type: "toolUse", tool: toolOf(item, type), about: aboutOfItem(item) }] : [];
};

const itemEnded = (item: JsonObject): readonly CodingEvent[] => {
  const type = textIn(item, "type");
  if (type === "agent_message") {
    const text = textIn(item, "text");
    return text === "" ? [] : [{ type: "text", text: bounded(text, MAX_TEXT_CHARACTERS) }];
  }
  if (type === "error") return [{ type: "problem", message: messageOf(item) }];
  if (!TOOLS.includes(type)) return [];
  const ended: CodingEvent = { type: "toolResult", failed: item["status"] === "failed" };
  // Changes of files are told once they are made.
  return type === "file_change" ? [...itemBegun(item), ended] : [ended];
};

const toolOf = (item: JsonObject, type: string): string => bounded(textIn(item, "tool") || type, 100);

const aboutOfItem = (item: JsonObject): string => {
  const paths = listIn(item, "changes").flatMap((change) => aboutOf(change) || []);
  return paths.length === 0 ? aboutOf(item) : bounded(paths.join(", "), 300);
};

const messageOf = (json: JsonObject): string => bounded(textIn(json, "message"), 2_000);

const usageOf = (usage: JsonObject): CodingEvent => ({
  type: "usage",
  of: "session",
  tokens: {
    inputTokens: amountIn(usage, "input_tokens"),
    cachedInputTokens: amountIn(usage, "cached_input_tokens"),
    outputTokens: amountIn(usage, "output_tokens"),
  },
});
