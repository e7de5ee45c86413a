import type { ForkedFrom, Manifest, TaskEvent } from "@agentcore/contract";
import type { TaskProgress } from "@agentcore/sdk/client";
import { defineCommand, type Invocation } from "../command.ts";
import { artifactNamesIn, compactedCount, messagesIn, submissionIn } from "../compacted-log.ts";
import { failure } from "../failure.ts";
import { outputText } from "../follow-task.ts";
import { formatFields, formatTable } from "../format-table.ts";
import { formatTimestamp } from "../format-time.ts";
import { defaultInputOf } from "../manifests/default-input.ts";
import type { TaskRow } from "../node/node-client.ts";
import { toPlainLines } from "../plain-text.ts";
import { foldOutcome, INITIAL_OUTCOME, textOf } from "../task-outcome.ts";
import { whenOf } from "../when-of.ts";
import { progressLine } from "../workflow/format-progress.ts";

export const command = defineCommand({
  name: "describe",
  summary: "Show all there is to know about an agent, a task, a schedule, a node or a tenant",
  arguments: [
    {
      name: "KIND",
      description: "agent, task, schedule, node or tenant",
      choices: ["agent", "task", "schedule", "node", "tenant"],
    },
    { name: "NAME", description: "Name of the agent, schedule, node or tenant, or id of the task", completes: "first" },
  ],
  options: {},
  examples: [
    { command: "agentcore describe agent loan-triage", explanation: "Skills and manifest of an agent" },
    {
      command: "agentcore describe task 0198c7",
      explanation: "State, input, output, artifacts and conversation of a task",
    },
    {
      command: "agentcore describe node pod-2",
      explanation: "State of a node, and how many tasks of each agent it holds",
    },
    {
      command: "agentcore describe schedule morning-report",
      explanation: "When a schedule comes round next, its last task, and what it left out",
    },
    { command: "agentcore describe task 0198c7 -o yaml", explanation: "The task as the node holds it, as YAML" },
  ],
  run(invocation) {
    switch (invocation.arguments[0]) {
      case "agent":
        return describeAgent(invocation);
      case "node":
        return describeNode(invocation);
      case "schedule":
        return describeSchedule(invocation);
      case "tenant":
        return describeTenant(invocation);
      default:
        return describeTask(invocation);
    }
  },
});

const describeNode = async ({ arguments: [, name = ""], globals, output, client }: Invocation): Promise<0> => {
  const node = await (await client()).node(name);
  const rows = node.agents.map((agent) => [agent.name, agent.replicas, agent.tasks, agent.revision]);
  await output.data(globals.format, node, () =>
    [
      formatFields([
        ["Name", node.name],
        ["State", node.state],
        ["Tasks", node.tasks],
        ["Address", node.address],
        ["Version", node.version],
        ["Roles", node.roles.join(", ")],
        ["Started", node.startedAt],
        ["Heartbeat", node.heartbeatAt],
      ]),
      section("Agents", formatTable(["name", "replicas", "tasks", "revision"], rows)),
    ].join("\n\n"),
  );
  return 0;
};

const describeAgent = async ({
  arguments: [, name = ""],
  globals,
  output,
  client: connected,
}: Invocation): Promise<0> => {
  const client = await connected();
  const [agents, manifest] = await Promise.all([client.agents(), client.agentManifest(name)]);
  const agent = agents.find((each) => each.name === name);
  if (agent === undefined)
    throw failure("AGENT_NOT_FOUND", `there is no agent named ${name}`, "List them with `agentcore get agents`.");
  await output.data(globals.format, { ...agent, manifest }, () =>
    [
      formatFields([
        ["Name", agent.name],
        ["Description", agent.description],
        ["State", agent.state],
        ["Reason", agent.reason],
        ["Version", agent.version],
        ["Revision", agent.revision],
        ["Skills", agent.skills.join(", ")],
        ["Latency", agent.latency],
        ["Does not", agent.doesNot.length === 0 ? undefined : agent.doesNot.join("; ")],
        ["Labels", labelsOf(manifest)],
        ["Default input", manifest === undefined ? undefined : defaultInputOf(manifest)],
      ]),
      ...(manifest === undefined ? [] : [section("Manifest", outputText(manifest.spec))]),
    ].join("\n\n"),
  );
  return 0;
};

const describeTenant = async ({ arguments: [, name = ""], globals, output, client }: Invocation): Promise<0> => {
  const manifest = await (await client()).manifest("Tenant", name);
  if (manifest?.kind !== "Tenant")
    throw failure(
      "NOT_FOUND",
      `there is no manifest of a tenant named ${name}`,
      "A tenant without one has the defaults; list those that have one with `agentcore get tenants`.",
    );
  const { weight, limits } = manifest.spec;
  await output.data(globals.format, manifest, () =>
    formatFields([
      ["Name", name],
      ["Labels", labelsOf(manifest)],
      ["Weight", weight ?? 1],
      ["Concurrency", limits?.concurrency],
      ["Backlog", limits?.backlog],
    ]),
  );
  return 0;
};

const describeSchedule = async ({ arguments: [, name = ""], globals, output, client }: Invocation): Promise<0> => {
  const schedule = await (await client()).schedule(name);
  const { spec, next, last, failure: refused } = schedule;
  const target = "agent" in spec.target ? `agent:${spec.target.agent}` : `capability:${spec.target.capability}`;
  await output.data(globals.format, schedule, () =>
    [
      formatFields([
        ["Name", name],
        ["State", schedule.state],
        ["When", whenOf(spec)],
        ["Target", target],
        ["Overlap", spec.overlap ?? "skip"],
        ["Catch up", spec.catchUp ?? "last"],
        ["Started", schedule.started],
        ["Skipped", schedule.skipped],
        ["Missed", schedule.missed],
        ["Failed", schedule.failed],
        ["Last time", last === undefined ? undefined : formatTimestamp(last.time)],
        ["Last task", last === undefined ? undefined : [last.taskId, last.state ?? "removed"].join(", ")],
        [
          "Refused",
          refused === undefined ? undefined : `${formatTimestamp(refused.time)}, ${refused.code}: ${refused.message}`,
        ],
      ]),
      ...(next.length === 0 ? [] : [section("Next", next.map((time) => formatTimestamp(time)).join("\n"))]),
    ].join("\n\n"),
  );
  return 0;
};

const labelsOf = (manifest: Manifest | undefined): string =>
  Object.entries(manifest?.metadata.labels ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .join(", ");

const describeTask = async ({
  arguments: [, id = ""],
  globals,
  output,
  signal,
  client: connected,
}: Invocation): Promise<0> => {
  const client = await connected();
  const task = await client.task(id);
  const events: TaskEvent[] = [];
  for await (const event of client.events(id, { follow: false, signal })) events.push(event);
  const progress = await client.progress(id);
  signal.throwIfAborted();
  await output.data(globals.format, task, () => taskText(task, events, progress));
  return 0;
};

const taskText = (task: TaskRow, events: readonly TaskEvent[], progress: TaskProgress | undefined): string => {
  const submitted = submissionIn(events);
  const compacted = compactedCount(events);
  const outcome = events.reduce(foldOutcome, INITIAL_OUTCOME);
  const messages = messagesIn(events);
  const artifacts = artifactNamesIn(events);
  const fields = formatFields([
    ["Task", task.id],
    ["Agent", task.agent],
    ["State", outcome.state],
    ["Submitted", formatTimestamp(submitted?.at)],
    ["Updated", formatTimestamp(events.at(-1)?.at)],
    ["Caller", submitted?.data.caller],
    ["Context", submitted?.data.contextId],
    ["Priority", submitted?.data.priority],
    ["Revision", task.revision],
    ["Parent", submitted?.data.parent?.taskId],
    ["Forked from", forkText(submitted?.data.forkedFrom)],
    ["Events", compacted === 0 ? events.length : `${task.events}, of which the first ${compacted} were compacted`],
  ]);
  return [
    fields,
    ...(progress === undefined
      ? []
      : [section("Progress", `${progressLine(progress)}\nnode by node: agentcore workflow progress ${task.id}`)]),
    ...(submitted === undefined ? [] : [section("Input", outputText(submitted.data.input))]),
    ...(messages.length === 0
      ? []
      : [
          section(
            "Messages",
            messages
              .map(({ role, parts }) => `${role === "ROLE_USER" ? "user" : "agent"}: ${textOf(parts)}`)
              .join("\n"),
          ),
        ]),
    ...(artifacts.length === 0 ? [] : [section("Artifacts", artifacts.join("\n"))]),
    ...(task.held.length === 0 ? [] : [section("Held", heldText(task))]),
    ...(outcome.prompt === undefined
      ? []
      : [section(outcome.state === "auth-required" ? "Waits for access" : "Waits for an answer to", outcome.prompt)]),
    ...(outcome.reference === undefined ? [] : [section("Reference", outcome.reference)]),
    ...(outcome.error === undefined
      ? []
      : [section("Error", `${outcome.error.code}: ${outcome.error.message}`), ...errorDetails(outcome.error.details)]),
    ...(outcome.output === undefined ? [] : [section("Output", outputText(outcome.output))]),
  ].join("\n\n");
};

const heldText = ({ id, held }: TaskRow): string =>
  [
    ...held.map((path) => `before ${path}`),
    `with what, and on what it rests: agentcore debug ${id}`,
    `let it go on: agentcore debug ${id} --continue`,
  ].join("\n");

const forkText = (from: ForkedFrom | undefined): string | undefined =>
  from === undefined ? undefined : `${from.taskId}, after event ${from.seq}`;

const errorDetails = (details: unknown): readonly string[] =>
  details === undefined ? [] : [section("Error details", outputText(details))];

const section = (title: string, body: string): string =>
  `${title}:\n${toPlainLines(body)
    .split("\n")
    .map((line) => `  ${line}`)
    .join("\n")}`;
