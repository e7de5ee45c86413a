import { type A2AMessage, PlatformError } from "@agentcore/contract";
import type { AgentDescription } from "../deps.ts";
import { acceptsMediaType } from "../http/media-type.ts";

export const DEFAULT_MODES: readonly string[] = ["text/plain", "application/json"];

/** Throws CONTENT_TYPE_NOT_SUPPORTED. Parts that name no media type pass: most clients never name one. */
export const checkMediaTypes = (agent: AgentDescription, message: A2AMessage): void => {
  for (const [index, part] of message.parts.entries()) {
    if (part.mediaType === undefined || part.mediaType === "") continue;
    const accepted = [
      ...(agent.inputModes ?? DEFAULT_MODES),
      ...agent.skills.flatMap((skill) => skill.inputModes ?? []),
    ];
    if (acceptsMediaType(accepted, part.mediaType)) continue;
    throw new PlatformError(
      "CONTENT_TYPE_NOT_SUPPORTED",
      `message.parts[${index}] is ${part.mediaType.slice(0, 100)}: agent "${agent.name}" accepts ${accepted.join(", ")}`,
    );
  }
};
