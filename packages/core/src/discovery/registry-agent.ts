/**
 * The platform's agent that knows who there is: it answers who would get a piece of work, as the bus would choose for a command, and hands nothing over.
 * Agents that whoever asks may not call are not offered.
 */
import { PlatformError, parseInput, type Target } from "@agentcore/contract";
import {
  type AgentIntroduction,
  type AgentsFound,
  type AgentsListed,
  RegistryQuery,
} from "@agentcore/contract/registry-query";
import type { Authoriser, Bus, Caller, Delivered } from "../bus/index.ts";
import type { AgentRecord, RegistryView } from "../registry/index.ts";
import { RoutingDecision } from "../routing/index.ts";
import type { PlatformAgent } from "../tasks/platform-agents.ts";

export interface RegistryAgentOptions {
  readonly bus: () => Pick<Bus, "find">;
  readonly registry: Pick<RegistryView, "list" | "byName">;
  readonly refuse: NonNullable<Authoriser["refuse"]>;
}

const MAX_SKILLS = 20;
const MAX_TEXT = 400;

export const createRegistryAgent = ({ bus, registry, refuse }: RegistryAgentOptions): PlatformAgent => {
  const list = (
    caller: Caller,
    { after = "", limit }: { readonly after?: string | undefined; readonly limit: number },
  ) => {
    const names = registry
      .list(caller.tenantId)
      .filter((record) => record.name > after && refuse(caller, record) === undefined)
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    const page = names.slice(0, limit);
    const last = page.at(-1);
    const more = last === undefined || names.length <= limit ? {} : { nextAfter: last.name };
    return { agents: page.map(introduce), ...more } satisfies AgentsListed;
  };

  return {
    async answer(message, signal) {
      const query = parseInput(RegistryQuery, message.payload, "the question to the registry");
      const caller = callerOf(message);
      if ("list" in query) return list(caller, query);
      const { limit, maxLatencyMs, maxCostUsd, selector, exclude } = query;
      const asker = message.source.startsWith("agent:") ? [message.source.slice("agent:".length)] : [];
      const { tenantId, source, traceparent, priority, taskId, deadline } = message;
      const target = targetOf(query);
      const { decision, ranked, nearest, isPartial } = await bus().find(
        {
          ...{ tenantId, source, target, payload: null, traceparent, priority, taskId, deadline },
          type: "labels" in target ? "query" : "command",
        },
        {
          ...{ caller, signal },
          constraints: { maxLatencyMs, maxCost: maxCostUsd, labels: selector, exclude: [...exclude, ...asker] },
        },
      );
      const found = ranked.slice(0, limit).flatMap(({ agent, cost, why = "", ...score }) => {
        const record = registry.byName(tenantId, agent);
        return record === undefined ? [] : [{ ...introduce(record), ...score, costUsd: cost, why }];
      });
      // Of whom it may not call, whoever asks is not told either.
      const known = (agent: string): boolean => {
        const record = registry.byName(tenantId, agent);
        return record !== undefined && refuse(caller, record) === undefined;
      };
      return {
        found,
        reasons: tellable(decision).reasons,
        nearest: nearest.filter(({ agent }) => known(agent) && !asker.includes(agent)),
        isPartial,
        waits: decision.waits,
      } satisfies AgentsFound;
    },
  };
};

/** Without those that whoever asks may not call: a reason would name them. */
const tellable = ({ target, choice, scores, filteredOut, waits, how }: RoutingDecision): RoutingDecision => {
  const told = filteredOut.filter(({ why }) => why !== "permission");
  return new RoutingDecision(target, choice, scores, told, waits, how);
};

const callerOf = ({ auth, tenantId }: Delivered): Caller => {
  if (auth === undefined) throw new PlatformError("UNAUTHENTICATED", "the question names no caller");
  return { ...auth, tenantId };
};

const targetOf = (query: Exclude<ReturnType<typeof RegistryQuery.parse>, { readonly list: true }>): Target => {
  if ("need" in query) return { need: query.need };
  if ("capability" in query) return { capability: query.capability };
  if ("agent" in query) return { agent: query.agent };
  return { labels: query.labels };
};

const introduce = ({ name, description, skills, labels }: AgentRecord): AgentIntroduction => ({
  agent: name,
  description: cut(description),
  skills: skills.slice(0, MAX_SKILLS).map((skill) => ({ id: skill.id, description: cut(skill.description) })),
  labels,
});

const cut = (text: string): string => (text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT)}…`);
