import { isRecord } from "../is-record.ts";
import type { GuestMessage } from "./messages.ts";

/** A line of a guest, or undefined for what is none. */
export const readMessage = (line: string): GuestMessage | undefined => {
  let message: unknown;
  try {
    message = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!isRecord(message)) return undefined;
  const { type, id, name, input, value, limit, error } = message;
  switch (type) {
    case "ready":
      return { type };
    case "call":
      return typeof id === "number" && typeof name === "string" && typeof input === "string"
        ? { type, id, name, input }
        : undefined;
    case "done":
      return typeof value === "string" ? { type, value } : undefined;
    case "exceeded":
      return limit === "memoryBytes" || limit === "outputBytes" ? { type, limit } : undefined;
    case "failed": {
      const { name: kind, message: text, trace } = isRecord(error) ? error : {};
      const told = { name: textOr(kind, "Error"), message: textOr(text, "") };
      return { type, error: { ...told, ...(typeof trace === "string" ? { trace } : {}) } };
    }
    default:
      return undefined;
  }
};

const textOr = (value: unknown, otherwise: string): string => (typeof value === "string" ? value : otherwise);
