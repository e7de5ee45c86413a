/** What a node answers, as the rows that the commands show. */
import type { Manifest, NodeStatus, TaskState } from "@agentcore/contract";
import { PlatformError } from "@agentcore/contract/errors";
import { isRecord } from "../is-record.ts";
import type { AgentRow, ChangeRow, CollectedRow, ManifestRow, NodeRow, TaskRow } from "./node-client.ts";

export const taskRow = (head: {
  readonly taskId: string;
  readonly agent: string;
  readonly state: TaskState;
  readonly contextId: string;
  readonly revision: string;
  readonly seq: number;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly held: readonly string[];
}): TaskRow => ({
  id: head.taskId,
  agent: head.agent,
  state: head.state,
  contextId: head.contextId,
  revision: head.revision,
  events: head.seq,
  held: head.held,
  createdAt: new Date(head.createdAt).toISOString(),
  updatedAt: new Date(head.updatedAt).toISOString(),
});

/** The list under `member`, or the value itself when it is one. Throws when the node answered with something else. */
export const listIn = (value: unknown, member: string): readonly Readonly<Record<string, unknown>>[] => {
  const list = isRecord(value) ? value[member] : value;
  if (Array.isArray(list) && list.every(isRecord)) return list;
  throw new PlatformError("INTERNAL", `the node's answer has no list of ${member}; is it of another version?`);
};

const textIn = (record: Readonly<Record<string, unknown>>, key: string): string => {
  const value = record[key];
  return typeof value === "string" ? value : "";
};

export const agentRow = (agent: {
  readonly name: string;
  readonly description?: string;
  readonly [field: string]: unknown;
}): AgentRow => ({
  name: agent.name,
  description: agent.description ?? "",
  version: textIn(agent, "version"),
  revision: textIn(agent, "revision"),
  state: textIn(agent, "state"),
  reason: textIn(agent, "reason") || undefined,
  skills: Array.isArray(agent["skills"])
    ? agent["skills"].map((skill: unknown) => (isRecord(skill) ? textIn(skill, "id") : String(skill)))
    : [],
  ...promisesIn(agent["profile"]),
});

const promisesIn = (profile: unknown): Pick<AgentRow, "latency" | "doesNot"> => {
  const { latencyMs, latencyBand, doesNot } = isRecord(profile) ? profile : {};
  return {
    latency: isRecord(latencyMs)
      ? `${String(latencyBand)} (${String(latencyMs["from"])} to ${String(latencyMs["to"])} ms)`
      : undefined,
    doesNot: Array.isArray(doesNot) ? doesNot.map(String) : [],
  };
};

export const manifestRow = (manifest: Readonly<Record<string, unknown>>): ManifestRow => ({
  kind: textIn(manifest, "kind"),
  name: isRecord(manifest["metadata"]) ? textIn(manifest["metadata"], "name") : "",
  // Held against the schema by the node when it was applied.
  manifest: manifest as unknown as Manifest,
});

export const changeRow = (result: Readonly<Record<string, unknown>>): ChangeRow => ({
  kind: textIn(result, "kind"),
  name: textIn(result, "name"),
  change: textIn(result, "change"),
  fields: Array.isArray(result["fields"]) ? result["fields"].map(String) : [],
});

export const nodeRow = (node: NodeStatus): NodeRow => ({
  name: node.name,
  state: node.state,
  tasks: node.tasks,
  version: node.version,
  address: node.address,
  roles: node.roles,
  agents: node.agents,
  startedAt: new Date(node.startedAt).toISOString(),
  heartbeatAt: new Date(node.heartbeatAt).toISOString(),
});

/** A node of an earlier version says nothing of errors: its call fails. */
export const collectedRow = ({
  tenantId,
  error = null,
  ...counts
}: Omit<CollectedRow, "tenant" | "error"> & {
  readonly tenantId: string;
  readonly error?: CollectedRow["error"] | undefined;
}): CollectedRow => ({ tenant: tenantId, ...counts, error });

/** Of several calls for one tenant; whether there is more is as the last one says. */
export const sumOf = (before: CollectedRow | undefined, row: CollectedRow): CollectedRow =>
  before === undefined
    ? row
    : {
        ...row,
        removedTasks: before.removedTasks + row.removedTasks,
        removedEvents: before.removedEvents + row.removedEvents,
        removedBytes: before.removedBytes + row.removedBytes,
        compactedTasks: before.compactedTasks + row.compactedTasks,
        compactedEvents: before.compactedEvents + row.compactedEvents,
        removedSums: before.removedSums + row.removedSums,
        // What failed is tried again by each call.
        failedTasks: Math.max(before.failedTasks, row.failedTasks),
      };
