/** Extensions of A2A that an agent declares and a client asks for (A2A 3.2.6, 4.6). */
import { type AgentExtension, PlatformError } from "@agentcore/contract";
import type { AgentDescription } from "../deps.ts";

export const EXTENSIONS_HEADER = "a2a-extensions";

/** Frames of streams carry their event's number, and a stream can be resumed after one (docs/resumable-streams.md). */
export const RESUMABLE_STREAMS = "https://agentcore.dev/a2a/extensions/resumable-streams/v1";

/** What every agent speaks, because the platform does. */
const OURS: readonly AgentExtension[] = [
  { uri: RESUMABLE_STREAMS, description: "Numbers the events of streams; a stream is resumed after any of them" },
];

/** What an agent's card declares: the manifest's extensions, and ours. */
export const extensionsOf = (agent: AgentDescription): readonly AgentExtension[] => {
  const declared = agent.extensions ?? [];
  return [...declared, ...OURS.filter(({ uri }) => !declared.some((extension) => extension.uri === uri))];
};

/**
 * What both sides speak, in the card's order; the header's unknown URIs are ignored. Throws EXTENSION_SUPPORT_REQUIRED when
 * the client does not list one that the agent insists on.
 */
export const activateExtensions = (agent: AgentDescription, headers: Headers): readonly string[] => {
  const header = headers.get(EXTENSIONS_HEADER);
  if (header === null && !agent.extensions?.length) return [];
  const declared = extensionsOf(agent);
  const asked = new Set((header ?? "").split(",").map((uri) => uri.trim()));
  const missing = declared.find(({ uri, required }) => required === true && !asked.has(uri));
  if (missing !== undefined) {
    throw new PlatformError(
      "EXTENSION_SUPPORT_REQUIRED",
      `agent "${agent.name}" works only with the extension ${missing.uri}: list it in the header A2A-Extensions`,
      { details: { extension: missing.uri } },
    );
  }
  return declared.map(({ uri }) => uri).filter((uri) => asked.has(uri));
};

/** For the answer: which extensions it was made with. */
export const extensionHeaders = (activated: readonly string[]): Readonly<Record<string, string>> | undefined =>
  activated.length === 0 ? undefined : { [EXTENSIONS_HEADER]: activated.join(", ") };
