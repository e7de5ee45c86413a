/** Extensions of A2A that an agent declares and a client asks for (A2A 3.2.6, 4.6). */
import { type A2AVersion, type AgentExtension, latencyBand, PlatformError } from "@agentcore/contract";
import type { AgentDescription } from "../deps/agents.ts";
import type { ExtraHeaders } from "../http/responses.ts";

const EXTENSIONS_HEADERS: Readonly<Record<A2AVersion, string>> = { "1.0": "a2a-extensions", "0.3": "x-a2a-extensions" };
const HEADER_NAMES = Object.values(EXTENSIONS_HEADERS);

/** Frames of streams carry their event's number, and a stream can be resumed after one (docs/resumable-streams.md). */
export const RESUMABLE_STREAMS = "https://agentcore.dev/a2a/extensions/resumable-streams/v1";

/** What every agent speaks, because the platform does. */
const OURS: readonly AgentExtension[] = [
  { uri: RESUMABLE_STREAMS, description: "Numbers the events of streams; a stream is resumed after any of them" },
];

/** How fast an agent answers, and what it does not do, as data beside the words of its description (docs/standard-agents.md#profiles). */
export const PROFILE = "https://agentcore.dev/a2a/extensions/profile/v1";

/** What an agent's card declares: the manifest's extensions, and ours. */
export const extensionsOf = (agent: AgentDescription): readonly AgentExtension[] => {
  const declared = agent.extensions ?? [];
  const ours = [...OURS, ...profileOf(agent)];
  return [...declared, ...ours.filter(({ uri }) => !declared.some((extension) => extension.uri === uri))];
};

const profileOf = ({ profile }: AgentDescription): readonly AgentExtension[] => {
  if (profile === undefined) return [];
  const { latencyMs, doesNot } = profile;
  const params = {
    ...(latencyMs === undefined ? {} : { latencyMs: { ...latencyMs }, latencyBand: latencyBand(latencyMs) }),
    ...(doesNot === undefined ? {} : { doesNot: [...doesNot] }),
  };
  return [{ uri: PROFILE, description: "How fast it answers, and what it does not do", params }];
};

export interface ActivatedExtensions {
  readonly uris: readonly string[];
  /** For the answer: which extensions it was made with. */
  readonly headers?: ExtraHeaders | undefined;
}

const NONE: ActivatedExtensions = { uris: [] };

/**
 * What both sides speak, in the card's order. The request's header may have the name of either version; unknown URIs are ignored. Throws EXTENSION_SUPPORT_REQUIRED when the client
 * does not list one that the agent insists on.
 */
export const activateExtensions = (
  agent: AgentDescription,
  headers: Headers,
  version: A2AVersion,
): ActivatedExtensions => {
  if (!agent.extensions?.length && !HEADER_NAMES.some((name) => headers.has(name))) return NONE;
  const lists = HEADER_NAMES.flatMap((name) => headers.get(name) ?? []);
  const declared = extensionsOf(agent);
  const asked = new Set(lists.flatMap((list) => list.split(",")).map((uri) => uri.trim()));
  const missing = declared.find(({ uri, required }) => required === true && !asked.has(uri));
  const header = EXTENSIONS_HEADERS[version];
  if (missing !== undefined) {
    throw new PlatformError(
      "EXTENSION_SUPPORT_REQUIRED",
      `agent "${agent.name}" works only with the extension ${missing.uri}: list it in the header ${header}`,
      { details: { extension: missing.uri } },
    );
  }
  const uris = declared.map(({ uri }) => uri).filter((uri) => asked.has(uri));
  return uris.length === 0 ? NONE : { uris, headers: { [header]: uris.join(", ") } };
};
