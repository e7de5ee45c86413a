/** Agent cards of A2A 1.0 and the AI catalogue. */
import type { AgentCard, AgentSkill, SecurityScheme } from "@agentcore/contract";
import type { AgentDescription } from "../deps/agents.ts";
import { servedVersions } from "./a2a-version.ts";
import { DEFAULT_MODES } from "./check-media-types.ts";
import { extensionsOf } from "./extensions.ts";

export interface CardContext {
  readonly publicUrl: string;
  /** `HOST:PORT`; undefined when gRPC is not served. */
  readonly grpcAddress: string | undefined;
  readonly tenantId: string;
  /** Whether requests that name no agent are this one's. */
  readonly isDefaultAgent: boolean;
  /** Ways to authenticate by name, any one of which will do; undefined when nobody has to. */
  readonly securitySchemes: Readonly<Record<string, SecurityScheme>> | undefined;
}

export const agentUrl = (publicUrl: string, name: string): string => `${publicUrl}/a2a/${name}`;

export const cardUrl = (publicUrl: string, name: string): string =>
  `${agentUrl(publicUrl, name)}/.well-known/agent-card.json`;

export const buildCard = (agent: AgentDescription, context: CardContext): AgentCard => {
  const { publicUrl, securitySchemes } = context;
  const url = agentUrl(publicUrl, agent.name);
  return {
    name: agent.name,
    description: agent.description,
    supportedInterfaces: [
      ...servedVersions(agent).flatMap((protocolVersion) => [
        { url, protocolBinding: "JSONRPC", protocolVersion },
        { url, protocolBinding: "HTTP+JSON", protocolVersion },
      ]),
      ...grpcInterfaces(agent, context),
    ],
    version: agent.version,
    capabilities: {
      streaming: true,
      pushNotifications: true,
      // It is for callers who authenticated (CARD-EXT-001): where nobody does, there is none.
      extendedAgentCard: agent.extendedCard !== undefined && securitySchemes !== undefined,
      extensions: [...extensionsOf(agent)],
    },
    ...(securitySchemes === undefined
      ? {}
      : { securitySchemes: { ...securitySchemes }, securityRequirements: requirementsOf(agent, securitySchemes) }),
    defaultInputModes: [...(agent.inputModes?.length ? agent.inputModes : DEFAULT_MODES)],
    defaultOutputModes: [...(agent.outputModes?.length ? agent.outputModes : DEFAULT_MODES)],
    skills: agent.skills.length === 0 ? [onlySkill(agent)] : agent.skills.map(toSkill),
  };
};

/**
 * gRPC has no paths: clients of 1.0 name the agent by the tenant, which they send back in every request. 0.3 has no such field, so over it
 * the default agent alone is reached.
 */
const grpcInterfaces = (
  agent: AgentDescription,
  { grpcAddress, tenantId, isDefaultAgent }: CardContext,
): AgentCard["supportedInterfaces"] =>
  servedVersions(agent).flatMap((protocolVersion) => {
    if (grpcAddress === undefined) return [];
    const own = { url: grpcAddress, protocolBinding: "GRPC", protocolVersion };
    if (protocolVersion === "1.0") return [{ ...own, tenant: `${tenantId}/${agent.name}` }];
    return isDefaultAgent ? [own] : [];
  });

const requirementsOf = ({ scopes = [] }: AgentDescription, schemes: Readonly<Record<string, SecurityScheme>>) =>
  Object.keys(schemes).map((name) => ({ schemes: { [name]: { list: [...scopes] } } }));

/** The card for callers who authenticated; null when the agent has none of its own for them. */
export const buildExtendedCard = (agent: AgentDescription, context: CardContext): AgentCard | null => {
  if (agent.extendedCard === undefined || context.securitySchemes === undefined) return null;
  const { description = agent.description, skills: more = [] } = agent.extendedCard;
  const replaced = new Set(more.map(({ id }) => id));
  const skills = [...agent.skills.filter(({ id }) => !replaced.has(id)), ...more];
  return buildCard({ ...agent, description, skills }, context);
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
