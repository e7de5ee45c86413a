/** The SDK's client as what the commands ask of a node. */
import type { Manifest, TaskState } from "@agentcore/contract";
import { PlatformError } from "@agentcore/contract/errors";
import type { InboxItem } from "@agentcore/sdk/client";
import type { GlobalOptions } from "../command.ts";
import { agentRow, changeRow, collectedRow, listIn, manifestRow, nodeRow, sumOf, taskRow } from "./node-answers.ts";
import type { CollectedRow, NodeClient, TaskFilter, TaskRow } from "./node-client.ts";
import { trustAuthorities } from "./trust-authorities.ts";

// The node's largest page.
const MAX_PAGE_SIZE = 100;

export interface ConnectOptions extends Pick<GlobalOptions, "url" | "apiKey"> {
  /** File of authorities in PEM form, believed besides those of this system. */
  readonly ca?: string | undefined;
  /** @default the global one */
  readonly fetch?: typeof fetch | undefined;
}

/** Throws CONFIG_INVALID for a file of authorities that is none. */
export const connect = async ({ url, apiKey, ca, fetch }: ConnectOptions): Promise<NodeClient> => {
  if (ca !== undefined) await trustAuthorities(ca);
  const { createClient } = await import("@agentcore/sdk/client");
  // Somebody waits at the terminal: a node that is not there is told at once. Only a stream, whose task was there a
  // moment ago, is worth waiting for.
  const node = createClient({ url, apiKey, fetch, retry: { maxAttempts: 1 } });
  const patient = createClient({ url, apiKey, fetch });

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
    async submit({ agent, ...work }) {
      const { head } = await node.submit({ target: agent.includes(":") ? agent : { agent }, ...work });
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
    async send(taskId, { messageId, parts }) {
      await node.send(taskId, { messageId, role: "ROLE_USER", parts: [...parts] });
    },
    async authorize(taskId, decision) {
      await node.authorize(taskId, decision);
    },
    async inbox({ limit, ...filter }) {
      const items: InboxItem[] = [];
      for (let pageToken: string | undefined; pageToken !== "" && items.length < limit; ) {
        const page = await node.inbox({ ...filter, pageSize: Math.min(limit, MAX_PAGE_SIZE), pageToken });
        items.push(...page.items);
        pageToken = page.nextPageToken;
      }
      return items.slice(0, limit);
    },
    decide: async (taskId, answer) => (await node.decide(taskId, answer)).decided,
    async signal(taskId, name, signal) {
      await node.signal(taskId, name, signal);
    },
    async cancel(taskId, reason) {
      await node.cancel(taskId, reason === undefined ? {} : { reason });
    },
    async retry(taskId) {
      await node.retry(taskId);
    },
    replay: (taskId, options) => node.replay(taskId, options),
    async replayOpen(agent, options) {
      let report = await node.replayOpen(agent, options);
      while (report.nextPageToken !== "") {
        const next = await node.replayOpen(agent, { ...options, pageToken: report.nextPageToken });
        const alreadyThere = report.alreadyThere + next.alreadyThere;
        report = { ...next, alreadyThere, tasks: [...report.tasks, ...next.tasks] };
      }
      return report;
    },
    checkpoints: (taskId, options) => node.checkpoints(taskId, options),
    breakpoints: (taskId) => node.breakpoints(taskId),
    setBreakpoints: (taskId, breakpoints, next) => node.setBreakpoints(taskId, breakpoints, { next }),
    debug: (taskId, action) => node.debug(taskId, action),
    migrate: (taskId, options) => node.migrate(taskId, options),
    async *migrateOpen(agent, options) {
      for (let pageToken: string | undefined; pageToken !== ""; ) {
        const page = await node.migrateOpen(agent, { ...options, pageToken });
        yield page;
        pageToken = page.nextPageToken;
      }
    },
    async fork(taskId, options) {
      const { head, at } = await node.fork(taskId, options);
      return { taskId: head.taskId, at };
    },
    agents: async () => (await node.agents()).agents.map(agentRow),
    async find(wanted) {
      const { found } = await node.agents(wanted);
      if (found === undefined)
        throw new PlatformError(
          "INTERNAL",
          "the node's answer does not say how agents were found; is it of another version?",
        );
      return found;
    },
    models: async () => (await node.models()).models,
    toolLibraries: async () => (await node.toolLibraries()).items,
    toolManifests: async () => (await node.toolManifests()).items,
    tools: async (name) => (await node.tools(name)).items,
    toolConsents: async (name) => (await node.toolConsents(name)).items,
    revokeToolConsent: (name, caller) => node.revokeToolConsent(name, caller === undefined ? {} : { caller }),
    callTool: async (name, tool, input, signal) => (await node.callTool(name, tool, input, { signal })).result,
    chat: (request, signal) => node.chat(request, { signal }),
    async manifest(kind, name) {
      const [found] = listIn(await node.manifests({ kind, name }), "manifests").map(manifestRow);
      return found?.manifest;
    },
    async agentManifest(name) {
      const found = listIn(await node.manifests({ name }), "manifests").map(manifestRow);
      for (const { manifest } of found) if (manifest.kind === "Agent" || manifest.kind === "Workflow") return manifest;
      return undefined;
    },
    workflows: async () => (await node.workflows()).workflows,
    workflowGraph: (name, revision) => node.workflowGraph(name, revision === undefined ? {} : { revision }),
    workflowDiagram: (name, revision) => node.workflowDiagram(name, revision === undefined ? {} : { revision }),
    async progress(taskId) {
      try {
        return await node.progress(taskId);
      } catch (error) {
        // The second is a node of an earlier version.
        if (PlatformError.is(error) && ["UNSUPPORTED_OPERATION", "METHOD_NOT_FOUND"].includes(error.code)) return;
        throw error;
      }
    },
    manifests: async () => listIn(await node.manifests(), "manifests").map(manifestRow),
    // Not checked here: the node holds them against the schema and names every wrong field.
    apply: async (manifests) =>
      listIn(await node.apply(manifests as unknown as readonly Manifest[]), "results").map(changeRow),
    diff: async (manifests) =>
      listIn(await node.diff(manifests as unknown as readonly Manifest[]), "results").map(changeRow),
    async deleteManifest(kind, name) {
      await node.deleteManifest(kind, name);
    },
    budgets: async () => (await node.budgets()).budgets,
    cache: () => node.cache(),
    async clearCache() {
      await node.clearCache();
    },
    memoryPools: (page) => node.memoryPools(page),
    memories: (pool, page) => node.memories(pool, page),
    memory: (pool, id) => node.memory(pool, id),
    recall: (request) => node.recall(request),
    forget: (request) => node.forget(request),
    usage: (query) => node.usage(query),
    schedules: async () => (await node.schedules()).schedules,
    schedule: (name) => node.schedule(name),
    nodes: async () => (await node.nodes()).nodes.map(nodeRow),
    node: async (name) => nodeRow(await node.node(name)),
    drainNode: async (name, graceMs) => nodeRow(await node.drainNode(name, { graceMs })),
    async undrainNode(name) {
      await node.undrainNode(name);
    },
    async collectGarbage(request, signal) {
      const rows = new Map<string, CollectedRow>();
      for (let isMore = true; isMore; ) {
        const { tenants } = await node.collectGarbage(request, { signal });
        const answered = tenants.map(collectedRow);
        for (const row of answered) rows.set(row.tenant, sumOf(rows.get(row.tenant), row));
        // What only fails stays, however often it is asked for.
        const moved = answered.filter((each) => each.removedTasks + each.compactedTasks > 0);
        isMore = !request.dryRun && moved.some((each) => each.isMore && each.error === null);
      }
      return [...rows.values()];
    },
    backup: (signal) => node.backup({ signal }),
    readiness: () => node.readiness(),
  };
};
