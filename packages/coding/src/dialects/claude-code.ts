/**
 * Claude Code: `claude -p --output-format stream-json --verbose`. Held against 2.1.330, whose `--max-turns` works although its help does not
 * name it. Of a session that is gone on with, `total_cost_usd` is the sum of all its runs, and `usage` that of the last.
 */
import { bounded, type CodingEvent, MAX_TEXT_CHARACTERS, sessionNamed } from "./coding-event.ts";
import type { Dialect } from "./dialect.ts";
import { aboutOf, amountIn, asObject, type JsonObject, listIn, objectIn, parseLine, textIn } from "./json-members.ts";

const OUTCOMES: Readonly<Record<string, "done" | "turns" | "budget">> = {
  success: "done",
  error_max_turns: "turns",
  error_max_budget_usd: "budget",
};

export const claudeCode: Dialect = {
  command: "claude",
  resumes: true,
  tellsCost: true,
  invoke({ prompt, session, maxTurns, model, instructions, allowedTools, maxCostUsd, trustsRepository, args }) {
    return {
      args: [
        ...["-p", "--output-format", "stream-json", "--verbose"],
        // Neither hooks and servers that the repository brings, nor questions that nobody is there to answer.
        ...(trustsRepository ? [] : ["--setting-sources", "user", "--strict-mcp-config"]),
        ...["--permission-prompts", "none", "--permission-mode", "acceptEdits", "--max-turns", String(maxTurns)],
        ...(session === null ? [] : ["--resume", session]),
        ...(model === undefined ? [] : ["--model", model]),
        ...(instructions === undefined ? [] : ["--append-system-prompt", instructions]),
        ...(allowedTools === undefined ? [] : ["--allowedTools", ...allowedTools]),
        ...(maxCostUsd === undefined ? [] : ["--max-budget-usd", String(maxCostUsd)]),
        ...args,
      ],
      stdin: prompt,
      env: { CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1" },
      files: {},
    };
  },
  read(line) {
    const json = parseLine(line);
    if (json === null) return [];
    switch (json["type"]) {
      case "system":
        return json["subtype"] === "init" ? sessionOf(json) : [];
      case "assistant":
      case "user":
        // What a helper of the program's own does is told by the program.
        return typeof json["parent_tool_use_id"] === "string" ? [] : contentOf(objectIn(json, "message"));
      case "result":
        return [...sessionOf(json), usageOf(json), ...costOf(json), resultOf(json)];
      default:
        return [];
    }
  },
};

const sessionOf = (json: JsonObject): readonly CodingEvent[] => sessionNamed(textIn(json, "session_id"));

const contentOf = (message: JsonObject): readonly CodingEvent[] =>
  listIn(message, "content").flatMap((part): readonly CodingEvent[] => {
    const block = asObject(part) ?? {};
    const text = textIn(block, "text");
    switch (block["type"]) {
      case "text":
        return text === "" || message["role"] !== "assistant"
          ? []
          : [{ type: "text", text: bounded(text, MAX_TEXT_CHARACTERS) }];
      case "tool_use":
        return [{ type: "toolUse", tool: bounded(textIn(block, "name"), 100), about: aboutOf(block["input"]) }];
      case "tool_result":
        return [{ type: "toolResult", failed: block["is_error"] === true }];
      default:
        return [];
    }
  });

const usageOf = (json: JsonObject): CodingEvent => {
  const usage = objectIn(json, "usage");
  const cached = amountIn(usage, "cache_read_input_tokens");
  return {
    type: "usage",
    of: "run",
    tokens: {
      inputTokens: amountIn(usage, "input_tokens") + amountIn(usage, "cache_creation_input_tokens") + cached,
      cachedInputTokens: cached,
      outputTokens: amountIn(usage, "output_tokens"),
    },
  };
};

const costOf = (json: JsonObject): readonly CodingEvent[] =>
  typeof json["total_cost_usd"] === "number"
    ? [{ type: "cost", of: "session", usd: amountIn(json, "total_cost_usd") }]
    : [];

const resultOf = (json: JsonObject): CodingEvent => {
  const known = OUTCOMES[textIn(json, "subtype")] ?? "failed";
  // An answer of the provider that is none is told as a success that is an error.
  const outcome = known === "done" && json["is_error"] === true ? "failed" : known;
  const errors = listIn(json, "errors").filter((each) => typeof each === "string");
  return { type: "result", outcome, text: bounded(textIn(json, "result") || errors.join("; "), MAX_TEXT_CHARACTERS) };
};
