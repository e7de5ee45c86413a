import type { PlatformError, SerializedError } from "@agentcore/contract";
import { assertSerialisable } from "./serialisable.ts";

// More than anybody reads; some libraries put whole answers into their messages.
const MAX_MESSAGE_LENGTH = 10_000;

export const boundedMessage = (message: string): string =>
  message.length <= MAX_MESSAGE_LENGTH ? message : `${message.slice(0, MAX_MESSAGE_LENGTH)}…`;

/** Details that JSON does not keep, or that are too large, are left out: an error must always find its way into the log. */
export const serialiseError = (error: PlatformError): SerializedError => {
  const json = { ...error.toJSON(), message: boundedMessage(error.message) };
  try {
    assertSerialisable(json, "an error");
    return json;
  } catch {
    return { code: json.code, message: json.message };
  }
};
