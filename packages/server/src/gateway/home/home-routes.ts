import type { TaskState } from "@agentcore/contract";
import type { CallerScope, TaskService } from "@agentcore/core/tasks";
import { z } from "zod";
import { type ApiRoute, apiRoute } from "../api/api-route.ts";
import type { AgentDirectory } from "../deps/agents.ts";
import { jsonResponse } from "../http/responses.ts";
import { type HomeResource, renderHome, renderRefusal, wantsJson } from "./home-page.ts";

const HomeSchema = z.object({
  name: z.literal("AgentCore"),
  version: z.string(),
  tenant: z.string(),
  caller: z.string(),
  role: z.enum(["operator", "caller"]),
  tasks: z.object({ running: z.number(), waiting: z.number() }),
  agents: z.array(z.object({ name: z.string(), description: z.string(), state: z.string(), card: z.string() })),
  links: z.record(z.string(), z.string()),
});

// Relative to the page, which may be below a prefix of a proxy.
const LINKS = {
  "the HTTP API": "./openapi.json",
  "all agents, for A2A clients": "./.well-known/ai-catalog.json",
  "whether the node is alive": "./healthz",
  "whether it takes work": "./readyz",
};

export const createHomeRoutes = (options: {
  readonly tasks: TaskService;
  readonly agents: AgentDirectory;
  readonly version: string;
}): readonly ApiRoute[] => {
  const count = async (scope: CallerScope, states: readonly TaskState[]): Promise<number> =>
    (await options.tasks.list(scope, { states, pageSize: 1 })).totalSize;
  const home = async (scope: CallerScope): Promise<HomeResource> => ({
    name: "AgentCore",
    version: options.version,
    tenant: scope.tenantId,
    caller: scope.caller,
    role: scope.operator === true ? "operator" : "caller",
    tasks: {
      running: await count(scope, ["submitted", "working"]),
      waiting: await count(scope, ["input-required", "auth-required", "parked"]),
    },
    agents: options.agents.list(scope.tenantId).map(({ name, description, state }) => ({
      name,
      description,
      state,
      card: `./a2a/${name}/.well-known/agent-card.json`,
    })),
    links: LINKS,
  });
  return [
    apiRoute({
      method: "GET",
      path: "/",
      operationId: "getHome",
      summary: "What this node is and has, for people; with Accept: application/json for programs",
      tag: "node",
      answer: {
        status: 200,
        schema: HomeSchema,
        contentTypes: ["text/html", "application/json"],
        description: "Version, agents and counts of the caller's tasks",
      },
      async handle({ request, scope }) {
        const resource = await home(scope);
        return wantsJson(request) ? jsonResponse(resource) : renderHome(resource);
      },
      refuse: (request, error) => (wantsJson(request) ? null : renderRefusal(error)),
    }),
  ];
};
