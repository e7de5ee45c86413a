import { PlatformError } from "./errors.ts";

/** What is to be done, in plain words: whoever can do it is found by what agents say of themselves. */
export interface NeedTarget {
  readonly need: string;
  /** US dollars that a task may cost, by what its agent declares. */
  readonly maxCostUsd?: number | undefined;
  /** Milliseconds that its answers may take, as they were measured. */
  readonly maxLatencyMs?: number | undefined;
  /** Labels that the agent must have, all of them: `{ region: "eu" }` where data may not leave. */
  readonly selector?: Readonly<Record<string, string>> | undefined;
}

/** Skills whose ids begin so are the platform's own: no other agent is found by one. */
export const SYSTEM_SKILLS = "system.";

/** Who should get a message, as authors and the router see it; `TargetText` is its spelling on the wire. */
export type Target =
  | { readonly agent: string }
  | { readonly capability: string }
  | NeedTarget
  | { readonly labels: Readonly<Record<string, string>> }
  | { readonly topic: string };

export const formatTarget = (target: Target): string => {
  if ("agent" in target) return `agent:${target.agent}`;
  if ("capability" in target) return `capability:${target.capability}`;
  if ("need" in target) return formatNeed(target);
  if ("topic" in target) return `topic:${target.topic}`;
  const pairs = Object.entries(target.labels).map(([key, value]) => `${key}=${value}`);
  return `labels:${pairs.toSorted().join(",")}`;
};

/** Throws INVALID_ARGUMENT when the text is none of the five forms. */
export const parseTarget = (text: string): Target => {
  const colon = text.indexOf(":");
  const value = text.slice(colon + 1);
  if (colon > 0 && value !== "") {
    switch (text.slice(0, colon)) {
      case "agent":
        return { agent: value };
      case "capability":
        return { capability: value };
      case "need":
        return parseNeed(value);
      case "topic":
        return { topic: value };
      case "labels":
        return { labels: parseSelector(value) };
    }
  }
  throw new PlatformError(
    "INVALID_ARGUMENT",
    `"${text}" is not a target: expected agent:…, capability:…, need:…, labels:k=v,… or topic:…`,
  );
};

const parseSelector = (text: string): Record<string, string> =>
  Object.fromEntries(
    text.split(",").map((pair) => {
      const [key, value, ...rest] = pair.split("=");
      if (key === undefined || key === "" || value === undefined || rest.length > 0) {
        throw new PlatformError("INVALID_ARGUMENT", `"${pair}" is not a label selector: expected key=value`);
      }
      return [key.trim(), value.trim()];
    }),
  );

/** Quoted where limits follow: `need:"score a loan" maxCostUsd=0.05 maxLatencyMs=500 selector.region=eu`. */
const formatNeed = ({ need, maxCostUsd, maxLatencyMs, selector = {} }: NeedTarget): string => {
  const limits = [
    ...(maxCostUsd === undefined ? [] : [`maxCostUsd=${maxCostUsd}`]),
    ...(maxLatencyMs === undefined ? [] : [`maxLatencyMs=${maxLatencyMs}`]),
    ...Object.entries(selector)
      .map(([key, value]) => `selector.${key}=${value}`)
      .toSorted(),
  ];
  if (limits.length === 0 && !need.startsWith('"')) return `need:${need}`;
  return ["need:", JSON.stringify(need), ...limits.map((limit) => ` ${limit}`)].join("");
};

const QUOTED = /^("(?:[^"\\]|\\.)*")((?:\s+\S+)*)\s*$/s;

const parseNeed = (text: string): NeedTarget => {
  if (!text.startsWith('"')) return { need: words(text, text) };
  const [, quoted, limits = ""] = QUOTED.exec(text) ?? [];
  if (quoted === undefined) throw badNeed(text, "the words in double quotes, then limits such as maxCostUsd=0.05");
  let maxCostUsd: number | undefined;
  let maxLatencyMs: number | undefined;
  const selector: Record<string, string> = {};
  for (const limit of limits.split(/\s+/).filter((part) => part !== "")) {
    const equals = limit.indexOf("=");
    const [key, value] = [limit.slice(0, Math.max(equals, 0)), limit.slice(equals + 1)];
    if (key === "maxCostUsd") maxCostUsd = amount(text, limit, value);
    else if (key === "maxLatencyMs") maxLatencyMs = amount(text, limit, value);
    else if (key.startsWith("selector.") && key !== "selector." && value !== "")
      selector[key.slice("selector.".length)] = value;
    else throw badNeed(text, `maxCostUsd=…, maxLatencyMs=… or selector.<label>=… in place of ${limit}`);
  }
  return {
    need: words(text, unquoted(text, quoted)),
    ...(maxCostUsd === undefined ? {} : { maxCostUsd }),
    ...(maxLatencyMs === undefined ? {} : { maxLatencyMs }),
    ...(Object.keys(selector).length === 0 ? {} : { selector }),
  };
};

const unquoted = (text: string, quoted: string): string => {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    throw badNeed(text, "JSON's escapes between the quotes");
  }
};

const words = (text: string, need: string): string => {
  if (need.trim() === "") throw badNeed(text, "what is to be done, in words");
  return need;
};

const amount = (text: string, limit: string, value: string): number => {
  const number = value === "" ? Number.NaN : Number(value);
  if (!Number.isFinite(number) || number < 0) throw badNeed(text, `a number from 0 in place of ${limit}`);
  return number;
};

const badNeed = (text: string, expected: string): PlatformError =>
  new PlatformError("INVALID_ARGUMENT", `"need:${text}" is not a target: expected ${expected}`);
