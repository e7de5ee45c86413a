import { setTimeout as pause } from "node:timers/promises";
import { PlatformError } from "@agentcore/contract/errors";
import { nodeArgument } from "../arguments.ts";
import { defineCommand, type Invocation } from "../command.ts";
import { failure } from "../failure.ts";
import type { NodeClient, NodeRow } from "../node/node-client.ts";
import { readCount } from "../read-count.ts";

const POLL_MS = 250;

const OPTIONS = {
  grace: {
    type: "string",
    value: "SECONDS",
    description: "How long running steps may take to end, up to 3600; then they are aborted and run again elsewhere",
    default: "30",
  },
  timeout: {
    type: "string",
    value: "SECONDS",
    description: "How long to wait until the node holds no task; 0 does not wait",
    default: "300",
  },
} as const;

export const command = defineCommand({
  name: "drain",
  summary: "Let a node give its tasks to the others and take no more",
  details: [
    "Through any node that shares the database. The node goes on answering, and stays drained over a restart, until `agentcore undrain NODE`.",
    "Ends with 1 when it still holds tasks after --timeout, and says which; it goes on draining all the same.",
  ],
  arguments: [nodeArgument],
  options: OPTIONS,
  examples: [
    { command: "agentcore get nodes", explanation: "Which there are" },
    { command: "agentcore drain pod-2", explanation: "Empty one before an upgrade, and wait until it is" },
    {
      command: "agentcore drain pod-2 --grace 300 --timeout 0",
      explanation: "Give long steps five minutes, do not wait",
    },
  ],
  async run(invocation) {
    const { arguments: given, options, globals, output } = invocation;
    const [name = ""] = given;
    const graceMs = readCount(options.grace, "--grace", 0) * 1000;
    const timeoutMs = readCount(options.timeout, "--timeout", 0) * 1000;
    const client = await invocation.client();
    const asked = await client.drainNode(name, graceMs);
    const node = timeoutMs === 0 ? asked : await untilDrained(invocation, client, asked, timeoutMs);
    await output.data(globals.format, node, () =>
      timeoutMs === 0 ? `${name} is being drained` : `${name} is drained: it holds no task`,
    );
    return 0;
  },
});

const untilDrained = async (
  { output, signal }: Invocation<typeof OPTIONS>,
  client: NodeClient,
  asked: NodeRow,
  timeoutMs: number,
): Promise<NodeRow> => {
  const until = performance.now() + timeoutMs;
  let node = asked;
  let hasHeard = false;
  try {
    while (node.state !== "drained") {
      if (node.state === "draining") hasHeard = true;
      if (node.state === "lost")
        throw failure(
          "UNAVAILABLE",
          `node ${node.name} is lost: it has not been heard of since ${node.heartbeatAt}`,
          "Its tasks go on elsewhere when its lease has run out; when it comes back it will be drained.",
        );
      if (node.state === "ready" && hasHeard)
        throw failure("CONFLICT", `somebody has undrained ${node.name} meanwhile`, `agentcore drain ${node.name}`);
      if (performance.now() >= until) throw stillHolds(node, timeoutMs);
      output.progress(hasHeard ? `${node.name}: ${heldBy(node)} left` : `${node.name}: asked`);
      await pause(POLL_MS, undefined, { signal });
      node = await client.node(node.name);
    }
    return node;
  } catch (error) {
    // It was stopped once it had been told: it has given everything back on its way out.
    if (hasHeard && PlatformError.is(error) && error.code === "NOT_FOUND")
      return { ...node, state: "drained", tasks: 0 };
    throw error;
  } finally {
    output.hideProgress();
  }
};

const stillHolds = (node: NodeRow, timeoutMs: number): PlatformError =>
  failure(
    "DEADLINE_EXCEEDED",
    `${node.name} still holds ${heldBy(node)} after ${timeoutMs / 1000} s`,
    `It goes on draining; wait for longer with \`agentcore drain ${node.name} --timeout SECONDS\`.`,
  );

/** `3 tasks (greeter 2, loan-triage 1)`; those of other tenants are counted and not named. */
const heldBy = ({ tasks, agents }: NodeRow): string => {
  const named = agents.filter((agent) => agent.tasks > 0).map((agent) => `${agent.name} ${agent.tasks}`);
  return `${tasks} ${tasks === 1 ? "task" : "tasks"}${named.length === 0 ? "" : ` (${named.join(", ")})`}`;
};
