/** Extensions of A2A that an agent declares and a client asks for (A2A 3.2.6, 4.6). */
import { PlatformError } from "@agentcore/contract";
import type { AgentDescription } from "../deps.ts";

export const EXTENSIONS_HEADER = "a2a-extensions";

/**
 * What both sides speak, in the card's order; the header's unknown URIs are ignored. Throws EXTENSION_SUPPORT_REQUIRED when
 * the client does not list one that the agent insists on.
 */
export const activateExtensions = (agent: AgentDescription, headers: Headers): readonly string[] => {
  const declared = agent.extensions;
  if (declared === undefined || declared.length === 0) return [];
  const asked = new Set((headers.get(EXTENSIONS_HEADER) ?? "").split(",").map((uri) => uri.trim()));
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
