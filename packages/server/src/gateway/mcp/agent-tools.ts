/** Agents as tools: what a caller may call, and how its arguments become a task's input. */

import type { CallerScope } from "@agentcore/core/tasks";
import type { DoorTool } from "@agentcore/mcp/server";
import type { AgentDescription, AgentDirectory } from "../deps/agents.ts";
import { missingScopes } from "../http/required-scopes.ts";

type JsonSchema = Readonly<Record<string, unknown>>;

/** What a tool is called with: the agent's input as it is; that in one member, where it is no object; or words, where it says nothing of it. */
export type InputForm = "input" | "wrapped" | "message";

const MESSAGE: JsonSchema = {
  type: "object",
  properties: { message: { type: "string", description: "What to do, in words" } },
  required: ["message"],
  additionalProperties: false,
};

/** By name. */
export const agentTools = (agents: AgentDirectory, scope: CallerScope): readonly DoorTool[] =>
  [...agentsByTool(agents, scope)].map(([name, agent]) => ({
    name,
    description: describe(agent),
    inputSchema: inputOf(agent).schema,
    ...(agent.idempotent === true ? { hints: { idempotent: true } } : {}),
  }));

export const callableAgents = (agents: AgentDirectory, scope: CallerScope): readonly AgentDescription[] =>
  agents.list(scope.tenantId).filter((agent) => isCallable(agent, scope));

/** One whose manifest claims a name that is taken already has its own. */
const agentsByTool = (agents: AgentDirectory, scope: CallerScope): ReadonlyMap<string, AgentDescription> => {
  const callable = callableAgents(agents, scope);
  const byTool = new Map(callable.filter(({ mcp }) => mcp?.tool === undefined).map((agent) => [agent.name, agent]));
  for (const agent of callable)
    if (agent.mcp?.tool !== undefined) byTool.set(byTool.has(agent.mcp.tool) ? agent.name : agent.mcp.tool, agent);
  return byTool;
};

/** Null for one that is not there, or not for that caller: neither is told from the other. */
export const agentOfTool = (agents: AgentDirectory, scope: CallerScope, name: string): AgentDescription | null => {
  // Nearly all are called so, and nobody has to look at the others.
  const named = agents.get(scope.tenantId, name);
  if (named !== null && named.mcp?.tool === undefined) return isCallable(named, scope) ? named : null;
  return agentsByTool(agents, scope).get(name) ?? null;
};

const isCallable = (agent: AgentDescription, { permissions }: CallerScope): boolean =>
  agent.takesTasks !== false && agent.mcp?.hidden !== true && missingScopes(permissions, agent.scopes).length === 0;

export const inputOf = (agent: AgentDescription): { readonly form: InputForm; readonly schema: JsonSchema } => {
  const schema = agent.inputJsonSchema?.();
  if (schema === undefined) return { form: "message", schema: MESSAGE };
  if (schema["type"] === "object") return { form: "input", schema };
  return { form: "wrapped", schema: { type: "object", properties: { input: schema }, required: ["input"] } };
};

/** A model chooses by it: what the agent does, and its skills, where they say more. */
const describe = ({ name, description, skills }: AgentDescription): string => {
  const more = skills.filter((skill) => skill.id !== name || skill.description !== description);
  const lines = more.map(({ name: skill, description: does, examples = [] }) => {
    const [example] = examples;
    return `- ${skill}: ${does}${example === undefined ? "" : ` (for example: ${example})`}`;
  });
  return [description, ...(lines.length === 0 ? [] : ["Skills:", ...lines])].join("\n").slice(0, MAX_DESCRIPTION);
};

const MAX_DESCRIPTION = 4000;
