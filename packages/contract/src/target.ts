import { PlatformError } from "./errors.ts";

/** Who should get a message, as authors and the router see it; `TargetText` is its spelling on the wire. */
export type Target =
  | { readonly agent: string }
  | { readonly capability: string }
  | { readonly need: string }
  | { readonly labels: Readonly<Record<string, string>> }
  | { readonly topic: string };

export const formatTarget = (target: Target): string => {
  if ("agent" in target) return `agent:${target.agent}`;
  if ("capability" in target) return `capability:${target.capability}`;
  if ("need" in target) return `need:${target.need}`;
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
        return { need: value };
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
