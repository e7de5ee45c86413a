/**
 * opencode: `opencode run --format json`. Held against 1.18.33: everything is allowed unless a rule says otherwise, and there is no last word but its end. Its
 * settings go by a file, which `OPENCODE_CONFIG_CONTENT` of the manifest's `env` may add to.
 */
import { bounded, type CodingEvent, MAX_TEXT_CHARACTERS, sessionNamed } from "./coding-event.ts";
import type { Dialect } from "./dialect.ts";
import { aboutOf, amountIn, type JsonObject, objectIn, parseLine, textIn } from "./json-members.ts";

const CONFIG = "opencode.json";
const INSTRUCTIONS = "instructions.md";
// What reaches beyond the files of the worktree.
const ASKS = ["bash", "webfetch", "websearch", "external_directory", "task", "skill"];

export const opencode: Dialect = {
  command: "opencode",
  resumes: true,
  tellsCost: true,
  // 1.18.33 runs plugins of `.opencode` with each of its switches set that is to keep it from them.
  unstoppable: [".opencode", "opencode.json", "opencode.jsonc"],
  invoke({ prompt, session, maxTurns, model, instructions, allowedTools = [], trustsRepository, args, folder }) {
    const rules = [...ASKS.map((tool) => [tool, "deny"]), ...allowedTools.map((tool) => [tool, "allow"])];
    const config = {
      share: "disabled",
      autoupdate: false,
      permission: Object.fromEntries(rules),
      agent: { build: { steps: maxTurns } },
      ...(instructions === undefined ? {} : { instructions: [`${folder}/${INSTRUCTIONS}`] }),
    };
    return {
      args: [
        ...["run", "--format", "json"],
        // Plugins of others.
        ...(trustsRepository ? [] : ["--pure"]),
        ...(session === null ? [] : ["--session", session]),
        ...(model === undefined ? [] : ["--model", model]),
        ...args,
      ],
      stdin: prompt,
      // Nor what the repository says of servers, tools and rules.
      env: {
        OPENCODE_CONFIG: `${folder}/${CONFIG}`,
        ...(trustsRepository ? {} : { OPENCODE_DISABLE_PROJECT_CONFIG: "1" }),
      },
      files: {
        [CONFIG]: JSON.stringify(config),
        ...(instructions === undefined ? {} : { [INSTRUCTIONS]: instructions }),
      },
    };
  },
  read(line) {
    const json = parseLine(line);
    if (json === null) return [];
    return [...sessionOf(json), ...partOf(json)];
  },
};

/** On every line; told with the first of each step. */
const sessionOf = (json: JsonObject): readonly CodingEvent[] =>
  json["type"] === "step_start" ? sessionNamed(textIn(json, "sessionID")) : [];

const partOf = (json: JsonObject): readonly CodingEvent[] => {
  const part = objectIn(json, "part");
  switch (json["type"]) {
    case "text": {
      const text = textIn(part, "text");
      return text === "" ? [] : [{ type: "text", text: bounded(text, MAX_TEXT_CHARACTERS) }];
    }
    case "tool_use": {
      const state = objectIn(part, "state");
      return [
        { type: "toolUse", tool: bounded(textIn(part, "tool"), 100), about: aboutOf(state["input"]) },
        { type: "toolResult", failed: state["status"] === "error" },
      ];
    }
    case "step_finish":
      return [usageOf(part), ...costOf(part), ...(part["reason"] === "stop" ? ENDED : [])];
    case "error": {
      const error = objectIn(json, "error");
      const message = textIn(objectIn(error, "data"), "message") || textIn(error, "name");
      return [{ type: "result", outcome: "failed", text: bounded(message, 2_000) }];
    }
    default:
      return [];
  }
};

const ENDED: readonly CodingEvent[] = [{ type: "result", outcome: "done", text: "" }];

const usageOf = (part: JsonObject): CodingEvent => {
  const tokens = objectIn(part, "tokens");
  const cached = amountIn(objectIn(tokens, "cache"), "read");
  return {
    type: "usage",
    of: "step",
    tokens: {
      inputTokens: amountIn(tokens, "input") + cached + amountIn(objectIn(tokens, "cache"), "write"),
      cachedInputTokens: cached,
      outputTokens: amountIn(tokens, "output") + amountIn(tokens, "reasoning"),
    },
  };
};

const costOf = (part: JsonObject): readonly CodingEvent[] =>
  typeof part["cost"] === "number" ? [{ type: "cost", of: "step", usd: amountIn(part, "cost") }] : [];
