/** Agent cards of A2A 1.0 and the AI catalogue. */

import { createHash } from "node:crypto";
import type { AgentCard, AgentSkill } from "@agentcore/contract";
import type { AgentDescription } from "../deps.ts";
import { servedVersions } from "./a2a-version.ts";
import { DEFAULT_MODES } from "./check-media-types.ts";
import { extensionsOf } from "./extensions.ts";

export interface CardContext {
  readonly publicUrl: string;
  /** Whether callers must present an API key. */
  readonly authenticated: boolean;
}

const SECURITY = {
  securitySchemes: {
    bearer: { httpAuthSecurityScheme: { scheme: "Bearer" } },
    apiKey: { apiKeySecurityScheme: { location: "header", name: "X-API-Key" } },
  },
  // Either will do.
  securityRequirements: [{ schemes: { bearer: { list: [] } } }, { schemes: { apiKey: { list: [] } } }],
};

export const agentUrl = (publicUrl: string, name: string): string => `${publicUrl}/a2a/${name}`;

export const cardUrl = (publicUrl: string, name: string): string =>
  `${agentUrl(publicUrl, name)}/.well-known/agent-card.json`;

export const buildCard = (agent: AgentDescription, { publicUrl, authenticated }: CardContext): AgentCard => {
  const url = agentUrl(publicUrl, agent.name);
  return {
    name: agent.name,
    description: agent.description,
    supportedInterfaces: servedVersions(agent).flatMap((protocolVersion) => [
      { url, protocolBinding: "JSONRPC", protocolVersion },
      { url, protocolBinding: "HTTP+JSON", protocolVersion },
    ]),
    version: agent.version,
    capabilities: {
      streaming: true,
      pushNotifications: true,
      extendedAgentCard: false,
      extensions: [...extensionsOf(agent)],
    },
    ...(authenticated ? SECURITY : {}),
    defaultInputModes: [...(agent.inputModes?.length ? agent.inputModes : DEFAULT_MODES)],
    defaultOutputModes: [...(agent.outputModes?.length ? agent.outputModes : DEFAULT_MODES)],
    skills: agent.skills.length === 0 ? [onlySkill(agent)] : agent.skills.map(toSkill),
  };
};

// A card needs at least one skill; an agent that declares none does what its description says.
const onlySkill = (agent: AgentDescription): AgentSkill => ({
  id: agent.name,
  name: agent.name,
  description: agent.description,
  tags: [agent.name],
});

const toSkill = (skill: AgentSkill): AgentSkill => ({
  id: skill.id,
  name: skill.name,
  description: skill.description,
  tags: skill.tags.length === 0 ? [skill.id] : skill.tags,
  ...(skill.examples === undefined ? {} : { examples: skill.examples }),
  ...(skill.inputModes === undefined ? {} : { inputModes: skill.inputModes }),
  ...(skill.outputModes === undefined ? {} : { outputModes: skill.outputModes }),
});

/** Source: the AI Catalog draft that A2A moves to for discovery (A2A#2240). */
export const buildCatalog = (agents: readonly AgentDescription[], publicUrl: string) => ({
  specVersion: "1.0",
  entries: agents.map((agent) => ({
    identifier: agentUrl(publicUrl, agent.name),
    displayName: agent.name,
    description: agent.description,
    version: agent.version,
    type: "application/a2a-agent-card+json",
    url: cardUrl(publicUrl, agent.name),
  })),
});

export interface CachedDocument {
  readonly text: string;
  readonly etag: string;
  /** Milliseconds since 1970. */
  readonly modifiedAt: number;
}

/** Documents by name, rebuilt when their version text changes; `modifiedAt` moves only when the content did. */
export class DocumentCache {
  private readonly entries = new Map<string, { readonly version: string; readonly document: CachedDocument }>();

  get(key: string, version: string, build: () => unknown, now: number): CachedDocument {
    const known = this.entries.get(key);
    if (known?.version === version) return known.document;
    const text = JSON.stringify(build());
    const etag = `"${createHash("sha256").update(text).digest("base64url").slice(0, 27)}"`;
    const document = known?.document.etag === etag ? known.document : { text, etag, modifiedAt: now };
    this.entries.set(key, { version, document });
    return document;
  }
}
