import { type A2AMessage, PlatformError } from "@agentcore/contract";
import type { AgentDescription } from "../deps/agents.ts";
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

/**
 * Throws CONTENT_TYPE_NOT_SUPPORTED when the agent makes nothing that the client would take: the work would be done for
 * nobody. No list, or an empty one, takes anything.
 */
export const checkOutputModes = (agent: AgentDescription, accepted: readonly string[] | undefined): void => {
  if (accepted === undefined || accepted.length === 0) return;
  const made = [
    ...(agent.outputModes?.length ? agent.outputModes : DEFAULT_MODES),
    ...agent.skills.flatMap((skill) => skill.outputModes ?? []),
  ];
  if (made.some((mode) => acceptsMediaType(accepted, mode))) return;
  if (accepted.some((mode) => acceptsMediaType(made, mode))) return;
  throw new PlatformError(
    "CONTENT_TYPE_NOT_SUPPORTED",
    `configuration.acceptedOutputModes: agent "${agent.name}" makes ${made.join(", ")}, none of which is accepted`,
  );
};
