/**
 * Any program: its arguments stand in the manifest, with placeholders, and it tells what it does as JSON lines (docs/coding-agents.md#a-program-of-your-own).
 */
import {
  bounded,
  type CodingEvent,
  MAX_ABOUT_CHARACTERS,
  MAX_TEXT_CHARACTERS,
  sessionNamed,
  type UsageScope,
} from "./coding-event.ts";
import type { CodingTurn, Dialect } from "./dialect.ts";
import { amountIn, type JsonObject, parseLine, textIn } from "./json-members.ts";

const PLACEHOLDER = /\$\{(prompt|session|maxTurns|model|instructions|folder)\}/g;
const SCOPES = ["step", "run", "session"] as const;
const OUTCOMES = ["done", "turns", "budget", "failed"] as const;

export const command: Dialect = {
  command: "",
  resumes: true,
  tellsCost: true,
  invoke(turn) {
    const { prompt, session, args, resumeArgs } = turn;
    const words = session === null ? args : (resumeArgs ?? args);
    const isInArgs = words.some((word) => word.includes("$" + "{prompt}"));
    return { args: words.map((word) => fill(word, turn)), stdin: isInArgs ? "" : prompt, env: {}, files: {} };
  },
  read(line) {
    const json = parseLine(line);
    return json === null ? [] : eventOf(json);
  },
};

/** Once: what is filled in is not looked at again. */
const fill = (word: string, turn: CodingTurn): string =>
  word.replace(PLACEHOLDER, (_, name: keyof CodingTurn) => String(turn[name] ?? ""));

const eventOf = (json: JsonObject): readonly CodingEvent[] => {
  switch (json["type"]) {
    case "session":
      return sessionNamed(textIn(json, "id"));
    case "text": {
      const text = textIn(json, "text");
      return text === "" ? [] : [{ type: "text", text: bounded(text, MAX_TEXT_CHARACTERS) }];
    }
    case "tool_use":
      return [
        {
          type: "toolUse",
          tool: bounded(textIn(json, "tool"), 100),
          about: bounded(textIn(json, "about"), MAX_ABOUT_CHARACTERS),
        },
      ];
    case "tool_result":
      return [{ type: "toolResult", failed: json["failed"] === true }];
    case "problem":
      return [{ type: "problem", message: bounded(textIn(json, "message"), 2_000) }];
    case "usage":
      return usageOf(json);
    case "result": {
      const outcome = OUTCOMES.find((each) => each === json["outcome"]) ?? "failed";
      return [{ type: "result", outcome, text: bounded(textIn(json, "text"), MAX_TEXT_CHARACTERS) }];
    }
    default:
      return [];
  }
};

const scopeOf = (json: JsonObject): UsageScope => SCOPES.find((each) => each === json["of"]) ?? "run";

const usageOf = (json: JsonObject): readonly CodingEvent[] => [
  {
    type: "usage",
    of: scopeOf(json),
    tokens: {
      inputTokens: amountIn(json, "inputTokens"),
      cachedInputTokens: amountIn(json, "cachedInputTokens"),
      outputTokens: amountIn(json, "outputTokens"),
    },
  },
  ...(typeof json["costUsd"] === "number"
    ? [{ type: "cost" as const, of: scopeOf(json), usd: amountIn(json, "costUsd") }]
    : []),
];
