/** Runs patterns over a tenant's agents: configuration in, a durable task out. The patterns are loaded when somebody asks for them. */
import { randomUUID } from "node:crypto";
import { type FieldViolation, invalidArgument, PlatformError, parseInput, submissionOf } from "@agentcore/contract";
import type { TaskKey, TaskStore } from "@agentcore/core/ports";
import type { AgentRegistry } from "@agentcore/core/registry";
import type { CallerScope, TaskService } from "@agentcore/core/tasks";
import type { AgentDescription, AgentDirectory } from "../gateway/deps/agents.ts";
import type { OrchestrationService } from "../gateway/deps/orchestration-service.ts";
import { assertScopes } from "../gateway/http/required-scopes.ts";
import type { PatternRun } from "./load-orchestrator.ts";
import { ORCHESTRATOR, orchestratorRecord } from "./orchestrator.ts";

/** An agent or a capability that has to be there, and who says so. */
interface Needed {
  readonly field: string;
  readonly agent?: string;
  readonly capability?: string;
}

export interface Orchestration {
  readonly service: OrchestrationService;
  /** Why a message to this agent is refused: patterns are run by the service alone, which judges the graph and whom it names. */
  refuse(permissions: readonly string[] | undefined, agent: string): string | undefined;
  /** What those ask for whom a run may reach: its task holds what they gave. Null when the task is gone. */
  scopesOf(run: TaskKey): Promise<readonly string[] | null>;
}

export const createOrchestration = ({
  tasks,
  store,
  agents,
  registry,
  node,
}: {
  readonly tasks: () => TaskService;
  readonly store: Pick<TaskStore, "readLog">;
  readonly agents: AgentDirectory;
  readonly registry: Pick<AgentRegistry, "register">;
  readonly node: string;
}): Orchestration => {
  // Known to this process alone, so that nobody else can present it.
  const permit = `${ORCHESTRATOR} ${randomUUID()}`;
  return {
    refuse: (permissions, agent) =>
      agent !== ORCHESTRATOR || permissions?.includes(permit) === true
        ? undefined
        : "runs patterns: POST /api/v1/orchestration/execute",
    async scopesOf({ tenantId, taskId }) {
      const [first] = await store.readLog({ tenantId, taskId }, { limit: 1 });
      const submitted = submissionOf(first)?.data;
      if (submitted === undefined) return null;
      const run = submitted.input as PatternRun;
      const there = agents.list(tenantId);
      // The registry offers it those whose scopes its caller has: it may have reached any of them.
      if ("findsAgents" in run) return [...new Set(scopesWithin(submitted.permissions, there))];
      const reached = targetsOf(run).flatMap((target) => candidatesFor(target, there));
      return [...new Set(reached.flatMap(({ scopes = [] }) => scopes))];
    },
    service: {
      async patterns() {
        const { patternCatalogue } = await import("@agentcore/agents");
        return [...patternCatalogue.values()].map(({ name, description, configuration, example }) => ({
          ...{ name, description, configuration, example },
        }));
      },
      async execute(scope, { pattern, configuration, input, requirements, ...request }) {
        const { patternCatalogue } = await import("@agentcore/agents");
        const found = patternCatalogue.get(pattern);
        if (found === undefined)
          throw invalidArgument("the body", [
            {
              field: "pattern",
              description: `there is no pattern "${pattern}"; expected one of ${[...patternCatalogue.keys()].join(", ")}`,
            },
          ]);
        const { workflow } = found.define(configuration);
        const run: PatternRun =
          workflow === undefined
            ? { pattern, configuration, input, ...(found.findsAgents ? { findsAgents: true } : {}) }
            : { pattern, graph: await judged(pattern, workflow.graph), input };
        const needed: readonly Needed[] = [
          ...(requirements?.agents ?? []).map((agent, index) => ({ field: `requirements.agents[${index}]`, agent })),
          ...(requirements?.capabilities ?? []).map((capability, index) => ({
            field: `requirements.capabilities[${index}]`,
            capability,
          })),
          ...neededIn(configuration, "configuration"),
        ];
        assertThere(scope, needed, agents.list(scope.tenantId));
        registry.register(orchestratorRecord(scope.tenantId, node));
        return tasks().submit(
          { ...scope, passes: [permit] },
          { ...request, target: { agent: ORCHESTRATOR }, input: run },
        );
      },
      async log(events, agent) {
        const { orchestrationLog } = await import("@agentcore/agents");
        return orchestrationLog(events, agent);
      },
    },
  };
};

const judged = async (pattern: string, given: unknown) => {
  const { checkGraph } = await import("@agentcore/core/workflows");
  const { WorkflowGraph } = await import("@agentcore/contract/workflow");
  const what = `the workflow of pattern "${pattern}"`;
  const graph = parseInput(WorkflowGraph, given, what);
  const faults = checkGraph(graph, {});
  if (faults.length > 0) throw invalidArgument(what, faults);
  return graph;
};

/** Whom a run may reach. */
const targetsOf = (run: PatternRun): readonly Pick<Needed, "agent" | "capability">[] => {
  if (!("graph" in run)) return neededIn(run.configuration, "configuration");
  return Object.values(run.graph.nodes).flatMap((each) => {
    if (each.type !== "task" || typeof each.target === "string") return [];
    return "agent" in each.target || "capability" in each.target ? [each.target] : [];
  });
};

/** What those agents ask for of whom somebody with these permissions may be given work by. */
const scopesWithin = (
  permissions: "all" | readonly string[] = [],
  agents: readonly AgentDescription[],
): readonly string[] =>
  agents.flatMap(({ scopes = [] }) =>
    permissions === "all" || scopes.every((scope) => permissions.includes(scope)) ? scopes : [],
  );

const candidatesFor = (
  { agent, capability }: { readonly agent?: string | undefined; readonly capability?: string | undefined },
  agents: readonly AgentDescription[],
): readonly AgentDescription[] =>
  agents.filter(({ name, skills }) =>
    agent === undefined ? skills.some(({ id }) => id === capability) : name === agent,
  );

/** Roles, wherever in a configuration that was judged; what they get as `input` is none of it. */
const neededIn = (value: unknown, field: string): readonly Needed[] => {
  if (typeof value !== "object" || value === null) return [];
  if (Array.isArray(value)) return value.flatMap((each, index) => neededIn(each, `${field}[${index}]`));
  const { agent, capability } = value as { readonly agent?: unknown; readonly capability?: unknown };
  if (typeof agent === "string") return [{ field: `${field}.agent`, agent }];
  if (typeof capability === "string") return [{ field: `${field}.capability`, capability }];
  return Object.entries(value).flatMap(([name, each]) =>
    // Labels may have any name.
    name === "selector" ? [] : neededIn(each, `${field}.${name}`),
  );
};

/**
 * Throws NO_CANDIDATE with all that is missing, PERMISSION_DENIED. The run's own calls ask for no scopes, as those of no agent do: so whoever
 * begins it must be good for those of everybody it may reach.
 */
const assertThere = (scope: CallerScope, needed: readonly Needed[], agents: readonly AgentDescription[]): void => {
  const missing: FieldViolation[] = [];
  for (const { field, agent, capability } of needed) {
    const candidates = candidatesFor({ agent, capability }, agents);
    if (candidates.length === 0)
      missing.push({
        field,
        description:
          agent === undefined ? `no agent has the capability "${capability}"` : `there is no agent "${agent}"`,
      });
    for (const candidate of candidates) assertScopes(scope, candidate);
  }
  if (missing.length === 0) return;
  const [first] = missing;
  const others = missing.length === 1 ? "" : ` (and ${missing.length - 1} more)`;
  throw new PlatformError("NO_CANDIDATE", `${first?.field}: ${first?.description}${others}`, { violations: missing });
};
