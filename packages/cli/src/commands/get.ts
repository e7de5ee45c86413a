import type { TaskState } from "@agentcore/contract";
import { defineCommand, type Invocation } from "../command.ts";
import { failure } from "../failure.ts";
import { formatTimestamp } from "../format-time.ts";
import type { NodeClient } from "../node/node-client.ts";
import { readCount } from "../read-count.ts";
import { UsageError } from "../usage-error.ts";
import { whenOf } from "../when-of.ts";

// Not the contract's own list: that would load its schemas for the sake of help. The type keeps the two equal.
const TASK_STATES = Object.keys({
  submitted: true,
  working: true,
  "input-required": true,
  "auth-required": true,
  parked: true,
  completed: true,
  failed: true,
  canceled: true,
  rejected: true,
} satisfies Record<TaskState, true>) as TaskState[];

const RESOURCES = ["agents", "workflows", "tasks", "models", "tenants", "schedules", "manifests", "nodes"] as const;

const OPTIONS = {
  state: {
    type: "string",
    value: "STATE,STATE",
    completes: TASK_STATES,
    description: `Tasks in these states only: ${TASK_STATES.join(", ")}`,
  },
  agent: { type: "string", value: "NAME", description: "Tasks of this agent only", completes: "agent" },
  limit: { type: "string", value: "NUMBER", description: "Most tasks to list", default: "50" },
  need: {
    type: "string",
    value: "WORDS",
    description: "Agents that can do this now, the one that would be chosen first",
  },
  "max-cost": { type: "string", value: "USD", description: "With --need: US dollars a task may cost" },
  "max-latency": { type: "string", value: "MS", description: "With --need: milliseconds its answers may take" },
} as const;

export const command = defineCommand({
  name: "get",
  summary: "List agents, workflows, tasks, models, tenants, schedules, manifests or nodes",
  arguments: [
    { name: "RESOURCE", description: `What to list: ${RESOURCES.join(", ")}`, choices: RESOURCES },
    {
      name: "NAME",
      description: "Only the one of this name (for tasks: id); fails when there is none",
      completes: "first",
      optional: true,
    },
  ],
  options: OPTIONS,
  examples: [
    { command: "agentcore get agents", explanation: "Who is there" },
    {
      command: 'agentcore get agents --need "get the totals out of these bills" --max-cost 0.02',
      explanation: "Who could do that for at most 2 cents, and why",
    },
    {
      command: "agentcore get tasks --state parked,input-required,auth-required",
      explanation: "What waits for a person",
    },
    { command: "agentcore get nodes", explanation: "Which nodes share the database, and which are drained or lost" },
    { command: "agentcore get manifests greeter -o yaml", explanation: "A manifest as it is applied" },
  ],
  async run(invocation) {
    const {
      arguments: [resource, name],
      output,
      globals,
      options,
    } = invocation;
    if (resource !== "tasks" && (options.state !== undefined || options.agent !== undefined))
      throw new UsageError("--state and --agent choose among tasks: agentcore get tasks");
    const { need, "max-cost": maxCost, "max-latency": maxLatency } = options;
    if (need === undefined ? (maxCost ?? maxLatency) !== undefined : resource !== "agents" || name !== undefined)
      throw new UsageError(
        "--need, --max-cost and --max-latency find among all agents: agentcore get agents --need WORDS",
      );
    const listing = await LISTINGS[resource as (typeof RESOURCES)[number]](invocation, await invocation.client(), name);
    await output.table(globals.format, listing.value, listing.columns, listing.rows);
    if (listing.next !== undefined) output.say(listing.next, "yellow");
    return 0;
  },
});

interface Listing {
  readonly value: unknown;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number | undefined)[])[];
  /** What to do about what it shows. */
  readonly next?: string;
}

type List = (invocation: Invocation<typeof OPTIONS>, client: NodeClient, name: string | undefined) => Promise<Listing>;

const LISTINGS: Record<(typeof RESOURCES)[number], List> = {
  async agents({ options }, client, name) {
    if (options.need !== undefined) return foundAgents(options.need, options, client);
    const agents = named(await client.agents(), name, "agent");
    return {
      value: agents,
      columns: ["name", "state", "version", "latency", "skills", "description"],
      rows: agents.map(({ name: agent, state, version, latency, skills, description }) => [
        ...[agent, state, version, latency, skills.join(", "), description],
      ]),
    };
  },
  async workflows(_, client, name) {
    const workflows = named(await client.workflows(), name, "workflow");
    return {
      value: workflows,
      columns: ["name", "state", "version", "nodes", "revision", "description"],
      rows: workflows.map(({ name: workflow, state, version, nodes, revision, description }) => [
        ...[workflow, state, version, nodes, revision, description],
      ]),
    };
  },
  async tasks({ options }, client, id) {
    const tasks =
      id === undefined
        ? await client.tasks({
            states: readStates(options.state),
            agent: options.agent,
            limit: readCount(options.limit, "--limit", 1),
          })
        : [await client.task(id)];
    return {
      value: tasks,
      columns: ["id", "agent", "state", "updated"],
      rows: tasks.map((task) => [
        ...[task.id, task.agent, task.held.length === 0 ? task.state : `${task.state}, held`],
        formatTimestamp(task.updatedAt),
      ]),
      ...(tasks.some(({ held }) => held.length > 0)
        ? { next: "before which call a task is held, and how it goes on: agentcore debug TASK_ID" }
        : {}),
    };
  },
  async models(_, client, name) {
    const models = named(
      (await client.manifests()).filter(({ kind }) => kind === "Model"),
      name,
      "model",
    );
    return {
      value: models.map(({ manifest }) => manifest),
      columns: ["name", "model", "endpoint"],
      rows: models.map(({ name: model, manifest }) => [
        model,
        manifest.kind === "Model" ? manifest.spec.model : undefined,
        manifest.kind === "Model" ? manifest.spec.baseUrl : undefined,
      ]),
    };
  },
  async nodes(_, client, name) {
    const nodes = named(await client.nodes(), name, "node");
    return {
      value: nodes,
      columns: ["name", "state", "tasks", "agents", "version", "address", "heartbeat"],
      rows: nodes.map((node) => [
        ...[node.name, node.state, node.tasks, node.agents.length, node.version, node.address],
        formatTimestamp(node.heartbeatAt),
      ]),
    };
  },
  async tenants(_, client, name) {
    const tenants = named(
      (await client.manifests()).filter(({ kind }) => kind === "Tenant"),
      name,
      "tenant",
    );
    return {
      value: tenants.map(({ manifest }) => manifest),
      columns: ["name", "weight", "concurrency", "backlog"],
      rows: tenants.map(({ name: tenant, manifest }) =>
        manifest.kind === "Tenant"
          ? [tenant, manifest.spec.weight ?? 1, manifest.spec.limits?.concurrency, manifest.spec.limits?.backlog]
          : [tenant],
      ),
    };
  },
  async schedules(_, client, name) {
    const schedules = name === undefined ? await client.schedules() : [await client.schedule(name)];
    return {
      value: schedules,
      columns: ["name", "when", "state", "next", "last", "task"],
      rows: schedules.map((schedule) => [
        ...[schedule.name, whenOf(schedule.spec), schedule.state],
        ...[formatTimestamp(schedule.next[0]), formatTimestamp(schedule.last?.time), schedule.last?.taskId],
      ]),
    };
  },
  async manifests(_, client, name) {
    const manifests = named(await client.manifests(), name, "manifest");
    return {
      value: manifests.map(({ manifest }) => manifest),
      columns: ["kind", "name"],
      rows: manifests.map(({ kind, name: each }) => [kind, each]),
    };
  },
};

const named = <Item extends { readonly name: string }>(
  items: readonly Item[],
  name: string | undefined,
  what: string,
): readonly Item[] => {
  if (name === undefined) return items;
  const found = items.filter((item) => item.name === name);
  if (found.length === 0)
    throw failure("NOT_FOUND", `there is no ${what} named ${name}`, `List them with \`agentcore get ${what}s\`.`);
  return found;
};

const foundAgents = async (
  need: string,
  {
    "max-cost": maxCost,
    "max-latency": maxLatency,
  }: { readonly "max-cost"?: string | undefined; readonly "max-latency"?: string | undefined },
  client: NodeClient,
): Promise<Listing> => {
  const found = await client.find({
    need,
    maxCostUsd: readAmount(maxCost, "--max-cost"),
    maxLatencyMs: readAmount(maxLatency, "--max-latency"),
  });
  const near = found.nearest.map(({ agent, why }) => `${agent} (${why})`).join(", ");
  return {
    value: found,
    columns: ["name", "score", "similarity", "latency", "cost", "quality", "why"],
    rows: found.scores.map(({ agent, score, similarity, latencyMs, costUsd, quality, why }) => [
      ...[agent, score.toFixed(3), similarity.toFixed(2), `${Math.round(latencyMs)} ms`, `$${costUsd}`, quality, why],
    ]),
    next:
      found.scores.length > 0
        ? found.reasons.join("\n")
        : [...found.reasons, ...(near === "" ? [] : [`nearest: ${near}`])].join("\n"),
  };
};

const readAmount = (text: string | undefined, option: string): number | undefined => {
  if (text === undefined) return undefined;
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  throw new UsageError(`${option} ${text}: expected a number from 0`);
};

const readStates = (text: string | undefined): readonly TaskState[] | undefined =>
  text?.split(",").map((part) => {
    const state = TASK_STATES.find((each) => each === part.trim());
    if (state === undefined) throw new UsageError(`--state ${part}: expected ${TASK_STATES.join(", ")}`);
    return state;
  });
