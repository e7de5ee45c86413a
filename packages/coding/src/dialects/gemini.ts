/**
 * Gemini CLI: `gemini --output-format stream-json`. Held against 0.61.0: limits are settings, so they go by a file of settings that stands above those
 * of the account and of the repository; it is read only where no other account may write above it.
 */
import { bounded, type CodingEvent, MAX_TEXT_CHARACTERS, sessionNamed } from "./coding-event.ts";
import type { Dialect } from "./dialect.ts";
import { aboutOf, amountIn, type JsonObject, objectIn, parseLine, textIn } from "./json-members.ts";

const SETTINGS = "settings.json";

export const gemini: Dialect = {
  command: "gemini",
  resumes: true,
  tellsCost: false,
  invoke({ prompt, session, maxTurns, model, instructions, allowedTools, trustsRepository, args, folder }) {
    const settings = {
      security: { auth: { selectedType: "gemini-api-key" } },
      model: { maxSessionTurns: maxTurns },
      general: { enableAutoUpdate: false },
      privacy: { usageStatisticsEnabled: false },
      ...(trustsRepository ? {} : { hooksConfig: { enabled: false }, tools: { discoveryCommand: "" } }),
    };
    return {
      args: [
        ...["--output-format", "stream-json", "--approval-mode", "auto_edit", "--skip-trust"],
        // Servers and extensions that the repository or the account brings.
        ...(trustsRepository ? [] : ["--allowed-mcp-server-names", "none", "--extensions", "none"]),
        ...(session === null ? [] : ["--resume", session]),
        ...(model === undefined ? [] : ["--model", model]),
        ...(allowedTools ?? []).flatMap((tool) => ["--allowed-tools", tool]),
        ...args,
      ],
      // It takes no instructions beside its own.
      stdin: instructions === undefined ? prompt : `${instructions}\n\n${prompt}`,
      env: { GEMINI_CLI_SYSTEM_SETTINGS_PATH: `${folder}/${SETTINGS}` },
      files: { [SETTINGS]: JSON.stringify(settings) },
    };
  },
  read(line) {
    const json = parseLine(line);
    if (json === null) return [];
    switch (json["type"]) {
      case "init":
        return sessionNamed(textIn(json, "session_id"));
      case "message": {
        const text = textIn(json, "content");
        return json["role"] === "assistant" && text !== ""
          ? [{ type: "text", text: bounded(text, MAX_TEXT_CHARACTERS) }]
          : [];
      }
      case "tool_use":
        return [{ type: "toolUse", tool: bounded(textIn(json, "tool_name"), 100), about: aboutOf(json["parameters"]) }];
      case "tool_result":
        return [{ type: "toolResult", failed: json["status"] === "error" }];
      case "error":
        return [{ type: "problem", message: bounded(textIn(json, "message"), 2_000) }];
      case "result":
        return [usageOf(objectIn(json, "stats")), resultOf(json)];
      default:
        return [];
    }
  },
};

const usageOf = (stats: JsonObject): CodingEvent => ({
  type: "usage",
  of: "run",
  tokens: {
    inputTokens: amountIn(stats, "input_tokens"),
    cachedInputTokens: amountIn(stats, "cached"),
    outputTokens: amountIn(stats, "output_tokens"),
  },
});

const resultOf = (json: JsonObject): CodingEvent => {
  const error = objectIn(json, "error");
  const failed = textIn(error, "type") === "FatalTurnLimitedError" ? "turns" : "failed";
  const outcome = json["status"] === "success" ? "done" : failed;
  return { type: "result", outcome, text: bounded(textIn(error, "message"), 2_000) };
};
