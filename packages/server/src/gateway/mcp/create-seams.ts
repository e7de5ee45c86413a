/** What the door asks of the node, for a caller of a request. Loaded with the first. */
import { PlatformError } from "@agentcore/contract";
import type { CallerScope, TaskService } from "@agentcore/core/tasks";
import type { DoorSeam } from "@agentcore/mcp/server";
import type { AgentDirectory } from "../deps/agents.ts";
import type { OpenCalls } from "../http/open-calls.ts";
import { agentOfTool, agentTools } from "./agent-tools.ts";
import { createAgentCalls } from "./call-agent.ts";
import { createPlatformTools, toolFailure } from "./platform-tools.ts";
import { ARTIFACT_TEMPLATE, contentsOf, readArtifactUri } from "./tool-content.ts";

export const createSeams = ({
  agents,
  tasks,
  waits,
}: {
  readonly agents: AgentDirectory;
  /** As callers may see them. */
  readonly tasks: TaskService;
  readonly waits: OpenCalls;
}): ((scope: CallerScope, request: Request) => DoorSeam) => {
  const callAgent = createAgentCalls(tasks, waits);
  const platform = createPlatformTools(tasks, agents);
  return (scope, request) => ({
    tools: () => [...agentTools(agents, scope), ...[...platform.values()].map(({ tool }) => tool)].toSorted(byName),
    async call(call) {
      const own = platform.get(call.name);
      try {
        if (own !== undefined) return await own.run(scope, call.input);
        const agent = agentOfTool(agents, scope, call.name);
        if (agent === null) throw new PlatformError("AGENT_NOT_FOUND", `there is no tool "${call.name}"`);
        return await callAgent({ scope, agent, door: call, ...traced(request) });
      } catch (error) {
        // Whoever chose the arguments may choose better ones; what concerns the call as a whole is the protocol's to say.
        if (PlatformError.is(error) && OF_ARGUMENTS.has(error.code)) return toolFailure(error);
        throw error;
      }
    },
    async read(uri) {
      const named = readArtifactUri(uri);
      if (named === null) throw new PlatformError("NOT_FOUND", `there is no resource ${uri}`);
      const { artifacts = [] } = await tasks.view(scope, named.taskId, { historyLength: 0 });
      const artifact = artifacts.find(({ artifactId }) => artifactId === named.artifactId);
      if (artifact === undefined) throw new PlatformError("NOT_FOUND", `there is no resource ${uri}`);
      return contentsOf(uri, artifact);
    },
    templates: [{ name: "artifact", uriTemplate: ARTIFACT_TEMPLATE, description: "What a task made" }],
  });
};

const OF_ARGUMENTS: ReadonlySet<string> = new Set([
  ...["INVALID_ARGUMENT", "TASK_NOT_FOUND", "NOT_FOUND", "TASK_TERMINAL", "TASK_NOT_CANCELABLE", "PERMISSION_DENIED"],
  ...["CONFLICT", "UNSUPPORTED_OPERATION", "TOO_LARGE", "NO_CANDIDATE"],
]);

const byName = (one: { readonly name: string }, other: { readonly name: string }): number =>
  one.name < other.name ? -1 : 1;

const traced = ({ headers }: Request): { readonly traceparent?: string } => {
  const traceparent = headers.get("traceparent");
  return traceparent !== null && traceparent.length <= 128 ? { traceparent } : {};
};
