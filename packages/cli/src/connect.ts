/** What the commands ask of a node. The SDK's client answers it; how, is known here only. */
import type { Manifest, ManifestKind, Part, TaskEvent, TaskState } from "@agentcore/contract";
import { PlatformError } from "@agentcore/contract/errors";
import type { GlobalOptions } from "./command.ts";

export interface TaskRow {
  readonly id: string;
  readonly agent: string;
  readonly state: TaskState;
  readonly contextId: string;
  readonly revision: string;
  /** Number of its last event. */
  readonly events: number;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface AgentRow {
  readonly name: string;
  readonly description: string;
  readonly version: string;
  readonly skills: readonly string[];
}

export interface ManifestRow {
  readonly kind: string;
  readonly name: string;
  readonly manifest: Manifest;
}

/** What was done with a manifest, or would be. */
export interface ChangeRow {
  readonly kind: string;
  readonly name: string;
  /** The node's word, for example `created`, `updated` or `unchanged`. */
  readonly change: string;
  /** Paths of the fields that differ, where the node tells them. */
  readonly fields: readonly string[];
}

interface TaskFilter {
  readonly states?: readonly TaskState[] | undefined;
  readonly agent?: string | undefined;
  readonly limit: number;
}

interface EventRequest {
  /** Go on until the task has ended, also over a restart of the node; else end with the last event there is now. */
  readonly follow: boolean;
  readonly after?: number;
  readonly signal: AbortSignal;
}

/** Every call rejects with a PlatformError. */
export interface Client {
  submit(request: { readonly agent: string; readonly input: unknown }): Promise<{ readonly taskId: string }>;
  task(taskId: string): Promise<TaskRow>;
  /** Latest first within a state. */
  tasks(filter: TaskFilter): Promise<readonly TaskRow[]>;
  events(taskId: string, request: EventRequest): AsyncIterable<TaskEvent>;
  send(taskId: string, parts: readonly Part[]): Promise<void>;
  cancel(taskId: string, reason: string | undefined): Promise<void>;
  retry(taskId: string): Promise<void>;
  agents(): Promise<readonly AgentRow[]>;
  manifests(): Promise<readonly ManifestRow[]>;
  apply(manifests: readonly Readonly<Record<string, unknown>>[]): Promise<readonly ChangeRow[]>;
  diff(manifests: readonly Readonly<Record<string, unknown>>[]): Promise<readonly ChangeRow[]>;
  deleteManifest(kind: ManifestKind, name: string): Promise<void>;
  /** Resolves when the node answers that it is well. */
  health(): Promise<void>;
}

// The node's largest page.
const MAX_PAGE_SIZE = 100;

export const connect = async ({ url, apiKey }: Pick<GlobalOptions, "url" | "apiKey">): Promise<Client> => {
  const { createClient } = await import("@agentcore/sdk/client");
  // Somebody waits at the terminal: a node that is not there is told at once. Only a stream, whose task was there a
  // moment ago, is worth waiting for.
  const node = createClient({ url, apiKey, retry: { maxAttempts: 1 } });
  const patient = createClient({ url, apiKey });

  const pages = async (state: TaskState | undefined, { agent, limit }: TaskFilter): Promise<readonly TaskRow[]> => {
    const rows: TaskRow[] = [];
    for (let pageToken: string | undefined; pageToken !== "" && rows.length < limit; ) {
      const pageSize = Math.min(limit - rows.length, MAX_PAGE_SIZE);
      const page = await node.list({ agent, state, pageSize, pageToken });
      rows.push(...page.heads.map(taskRow));
      pageToken = page.nextPageToken;
    }
    return rows;
  };

  return {
    async submit({ agent, input }) {
      const { head } = await node.submit({ target: { agent }, input });
      return { taskId: head.taskId };
    },
    task: async (taskId) => taskRow((await node.get(taskId)).head),
    async tasks(filter) {
      // The node filters by one state at a time.
      const found = await Promise.all((filter.states ?? [undefined]).map((state) => pages(state, filter)));
      return found.flat().slice(0, filter.limit);
    },
    async *events(taskId, { follow, after = 0, signal }) {
      const { head } = await node.get(taskId, { signal });
      if (!follow && head.seq <= after) return;
      for await (const event of patient.events(taskId, { after, signal })) {
        yield event;
        if (!follow && event.seq >= head.seq) return;
      }
    },
    async send(taskId, parts) {
      await node.send(taskId, parts);
    },
    async cancel(taskId, reason) {
      await node.cancel(taskId, reason === undefined ? {} : { reason });
    },
    async retry(taskId) {
      await node.retry(taskId);
    },
    agents: async () => (await node.agents()).agents.map(agentRow),
    manifests: async () => listIn(await node.manifests(), "manifests").map(manifestRow),
    // Not checked here: the node holds them against the schema and names every wrong field.
    apply: async (manifests) =>
      listIn(await node.apply(manifests as unknown as readonly Manifest[]), "results").map(changeRow),
    diff: async (manifests) =>
      listIn(await node.diff(manifests as unknown as readonly Manifest[]), "results").map(changeRow),
    async deleteManifest(kind, name) {
      await node.deleteManifest(kind, name);
    },
    async health() {
      await node.health();
    },
  };
};

const taskRow = (head: {
  readonly taskId: string;
  readonly agent: string;
  readonly state: TaskState;
  readonly contextId: string;
  readonly revision: string;
  readonly seq: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}): TaskRow => ({
  id: head.taskId,
  agent: head.agent,
  state: head.state,
  contextId: head.contextId,
  revision: head.revision,
  events: head.seq,
  createdAt: new Date(head.createdAt).toISOString(),
  updatedAt: new Date(head.updatedAt).toISOString(),
});

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The list under `member`, or the value itself when it is one. Throws when the node answered with something else. */
const listIn = (value: unknown, member: string): readonly Readonly<Record<string, unknown>>[] => {
  const list = isRecord(value) ? value[member] : value;
  if (Array.isArray(list) && list.every(isRecord)) return list;
  throw new PlatformError("INTERNAL", `the node's answer has no list of ${member}; is it of another version?`);
};

const textIn = (record: Readonly<Record<string, unknown>>, key: string): string => {
  const value = record[key];
  return typeof value === "string" ? value : "";
};

const agentRow = (agent: {
  readonly name: string;
  readonly description?: string;
  readonly [field: string]: unknown;
}): AgentRow => ({
  name: agent.name,
  description: agent.description ?? "",
  version: textIn(agent, "version") || textIn(agent, "revision"),
  skills: Array.isArray(agent["skills"])
    ? agent["skills"].map((skill: unknown) => (isRecord(skill) ? textIn(skill, "id") : String(skill)))
    : [],
});

const manifestRow = (manifest: Readonly<Record<string, unknown>>): ManifestRow => ({
  kind: textIn(manifest, "kind"),
  name: isRecord(manifest["metadata"]) ? textIn(manifest["metadata"], "name") : "",
  // Held against the schema by the node when it was applied.
  manifest: manifest as unknown as Manifest,
});

const changeRow = (result: Readonly<Record<string, unknown>>): ChangeRow => ({
  kind: textIn(result, "kind"),
  name: textIn(result, "name"),
  change: textIn(result, "change"),
  fields: Array.isArray(result["fields"]) ? result["fields"].map(String) : [],
});
