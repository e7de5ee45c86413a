/** What is declared: checked, stored, made so, and brought back at the next start. */
import {
  declaresAgent,
  isAgentKind,
  type Manifest,
  type ManifestKind,
  type MemoryPoolSpec,
  type ModelManifest,
  PlatformError,
  type ScheduleSpec,
  type ToolManifest,
} from "@agentcore/contract";
import type { Clock, KeyValue, Logger } from "@agentcore/core/ports";
import { type AgentRegistry, TopicIndex } from "@agentcore/core/registry";
import type { AgentRevision, Subscriber, SubscribersByTopic, TenantPolicy } from "@agentcore/core/tasks";
import type { InProcessHost } from "../agents/in-process-host.ts";
import { DeclaredFeeds } from "../feeds/declared-feeds.ts";
import { FeedPositions } from "../feeds/feed-positions.ts";
import type { ManifestService } from "../gateway/deps/manifest-service.ts";
import { DeclaredBudgets } from "../governance/declared-budgets.ts";
import { DeclaredPolicies } from "../governance/declared-policies.ts";
import type { RemoteAgents } from "../remote/remote-agents.ts";
import { DeclaredSchedules } from "../schedules/declared-schedules.ts";
import { ScheduleStates } from "../schedules/schedule-states.ts";
import type { ToolRules } from "../tools/tool-policy.ts";
import type { AgentCatalogue } from "./agent-catalogue.ts";
import { createAgentRegistrar } from "./agent-registrar.ts";
import { AgentTriggers } from "./agent-triggers.ts";
import { applyManifests } from "./apply-manifests.ts";
import { checkManifests } from "./check-manifests.ts";
import { checkModel } from "./check-model.ts";
import { DeclaredModels } from "./declared-models.ts";
import { DeclaredTools } from "./declared-tools.ts";
import { followManifests } from "./follow-manifests.ts";
import { createManifestStore } from "./manifest-store.ts";
import { createReconciler } from "./reconcile-agents.ts";
import { assertMayDeclareTenants, seesTenant, TenantPolicies } from "./tenant-policies.ts";

export interface LocalManifestService extends ManifestService {
  /** Registers what is declared. Agents that do not load are reported, not fatal. */
  restore(): Promise<void>;
  /** Keeps up with what other nodes apply and delete, until the returned function is called. */
  follow(logger: Logger): () => void;
  /** What is declared about tenants, by tenant, as it is now. */
  readonly tenants: ReadonlyMap<string, TenantPolicy>;
  /** Everybody for whom anything was ever applied. */
  tenantIds(): Promise<readonly string[]>;
  /** Of all tenants, as they are declared now. */
  readonly schedules: DeclaredSchedules;
  /** Of all tenants, as far as they load here. */
  readonly feeds: DeclaredFeeds;
  readonly budgets: DeclaredBudgets;
  readonly policies: DeclaredPolicies;
  /** As it stands in the store now. */
  scheduleSpec(tenantId: string, name: string): Promise<ScheduleSpec | null>;
  model(tenantId: string, name: string): Promise<ModelManifest | null>;
  readonly tools: {
    get(tenantId: string, name: string): Promise<ToolManifest | null>;
    /** By name. */
    list(tenantId: string): readonly ToolManifest[];
  };
  /** As it stands in the store now: a right that was taken away counts at once, on every node. */
  memoryPool(tenantId: string, name: string): Promise<MemoryPoolSpec | null>;
  names(tenantId: string, kind: ManifestKind): Promise<readonly string[]>;
  isDeclared(revision: AgentRevision): Promise<boolean>;
  /** Of the agent as it is declared now; null when it is not. */
  revisionOf(tenantId: string, agent: string): Promise<string | null>;
  /** Agents that are declared now, on whichever node, and have subscribed to a topic; also those that do not load here. */
  subscribers(tenantId: string): Promise<SubscribersByTopic>;
}

export const createManifestService = (options: {
  readonly keyValue: KeyValue;
  readonly host: InProcessHost;
  readonly registry: AgentRegistry;
  readonly catalogue: AgentCatalogue;
  readonly node: string;
  /** Whether Model manifests may name addresses of private networks. */
  readonly allowPrivateModels: boolean;
  /** Whether Agent manifests may name cards and feeds in private networks. */
  readonly allowPrivateAgents: boolean;
  /** What Tool manifests may name. */
  readonly toolRules: ToolRules;
  /** A Tool manifest was deleted. */
  readonly onToolGone: (tenantId: string, name: string) => void;
  /** Agents of other platforms. */
  readonly remotes: Pick<RemoteAgents, "watch" | "unwatch" | "status">;
  /** Whether manifests that name code are taken over HTTP. */
  readonly codeOverHttp: boolean;
  readonly sha256: (text: string) => string;
  readonly clock: Pick<Clock, "now">;
  readonly onUnloadable: (tenantId: string, name: string, error: PlatformError) => void;
}): LocalManifestService => {
  const { host, sha256, allowPrivateModels, allowPrivateAgents, toolRules, codeOverHttp } = options;
  const store = createManifestStore(options.keyValue);
  const feeds = new DeclaredFeeds();
  const feedPositions = new FeedPositions(options.keyValue);
  const registrar = createAgentRegistrar({ ...options, feeds });
  const tenants = new TenantPolicies();
  const triggers = new AgentTriggers(sha256);
  const schedules = new DeclaredSchedules();
  const budgets = new DeclaredBudgets();
  const policies = new DeclaredPolicies();
  const models = new DeclaredModels({ allowPrivate: allowPrivateModels });
  const tools = new DeclaredTools({ onGone: options.onToolGone });
  const scheduleStates = new ScheduleStates(options.keyValue);
  const reconcileAgents = createReconciler({ ...options, store, registrar });
  const reconcile = async (options: { readonly looksAgain: boolean }): Promise<void> => {
    await tenants.reconcile(store);
    await schedules.reconcile(store);
    await budgets.reconcile(store);
    // Before agents, so that none of their tools runs without.
    await policies.reconcile(store);
    await models.reconcile(store);
    await tools.reconcile(store);
    await reconcileAgents(options);
  };

  /** Of an agent that an earlier version stored without its topics. Throws where they are not known: an event must not pass it by. */
  const topicsHere = (tenantId: string, { agent, revision }: Subscriber): readonly string[] => {
    const record = options.registry.byName(tenantId, agent);
    if (record?.revision === revision) return record.subscribes;
    throw new PlatformError(
      "REVISION_UNAVAILABLE",
      `an earlier version stored agent ${agent} without its topics, and it does not load here; delete it, and apply it again if it is wanted`,
    );
  };

  const revisionOf = async (tenantId: string, agent: string): Promise<string | null> =>
    (await store.get(tenantId, "Agent", agent))?.revision ?? null;

  const check = (tenantId: string, documents: readonly unknown[], overHttp: boolean): Promise<readonly Manifest[]> =>
    checkManifests(tenantId, documents, {
      ...{ allowPrivateModels, allowPrivateAgents, toolRules },
      now: options.clock.now(),
      code: codeOverHttp || !overHttp,
    });

  return {
    tenants: tenants.all,
    schedules,
    feeds,
    budgets,
    policies,
    async scheduleSpec(tenantId, name) {
      const stored = await store.get(tenantId, "Schedule", name);
      return stored?.manifest.kind === "Schedule" ? stored.manifest.spec : null;
    },
    tenantIds: () => store.tenants(),
    async apply(tenantId, documents, { dryRun, overHttp = false }) {
      const manifests = await check(tenantId, documents, overHttp);
      for (const manifest of manifests) if (declaresAgent(manifest)) await triggers.of(manifest);
      const parts = {
        store,
        host,
        registrar,
        tenants,
        schedules,
        budgets,
        policies,
        models,
        tools,
        scheduleStates,
        sha256,
      };
      return applyManifests(parts, tenantId, manifests, { dryRun });
    },
    async prepare(tenantId, document, { overHttp = false } = {}) {
      const [manifest] = await check(tenantId, [document], overHttp);
      if (manifest === undefined || !declaresAgent(manifest))
        throw new PlatformError("INVALID_ARGUMENT", `${manifest?.kind} has no tasks; expected an Agent or a Workflow`, {
          violations: [{ field: "kind", description: "expected Agent or Workflow" }],
        });
      const { revision, loaded } = await host.prepare(tenantId, manifest);
      return { name: manifest.metadata.name, revision, agent: loaded };
    },
    async get(tenantId, kind, name) {
      const isHidden = kind === "Tenant" && !seesTenant(tenantId, name);
      const stored = isHidden ? null : await store.get(tenantId, kind, name);
      if (stored?.manifest.kind !== kind) throw new PlatformError("NOT_FOUND", `there is no ${kind} "${name}"`);
      return stored.manifest;
    },
    list: async (tenantId, kind) =>
      (await store.list(tenantId, kind))
        .map(({ manifest }) => manifest)
        .filter(({ kind: each, metadata }) => each !== "Tenant" || seesTenant(tenantId, metadata.name)),
    async delete(tenantId, kind, name) {
      if (kind === "Tenant") assertMayDeclareTenants(tenantId);
      const deleted = await store.delete(tenantId, kind, name);
      // Not what has the name now, which may be of another kind.
      if (isAgentKind(kind) && (deleted || (await store.get(tenantId, kind, name)) === null))
        registrar.remove(tenantId, name);
      if (kind === "Agent" && deleted) await feedPositions.delete(tenantId, name);
      if (kind === "Tenant") tenants.delete(name);
      if (kind === "Budget") budgets.delete(tenantId, name);
      if (kind === "Policy") policies.delete(tenantId, name);
      if (kind === "Model") models.delete(tenantId, name);
      if (kind === "Tool") tools.delete(tenantId, name);
      if (kind === "Schedule") {
        schedules.delete(tenantId, name);
        await scheduleStates.delete(tenantId, name);
      }
      return deleted;
    },
    async model(tenantId, name) {
      const known = models.get(tenantId, name);
      if (known !== null) return known;
      // Another node may just have applied it.
      const stored = await store.get(tenantId, "Model", name);
      if (stored?.manifest.kind !== "Model") return null;
      checkModel(tenantId, stored.manifest, allowPrivateModels);
      return stored.manifest;
    },
    tools: {
      async get(tenantId, name) {
        const known = tools.get(tenantId, name);
        if (known !== null) return known;
        // Another node may just have applied it.
        const stored = await store.get(tenantId, "Tool", name);
        return stored?.manifest.kind === "Tool" ? stored.manifest : null;
      },
      list: (tenantId) => tools.list(tenantId),
    },
    async memoryPool(tenantId, name) {
      const stored = await store.get(tenantId, "MemoryPool", name);
      return stored?.manifest.kind === "MemoryPool" ? stored.manifest.spec : null;
    },
    names: async (tenantId, kind) =>
      (await store.list(tenantId, kind)).map(({ manifest: { metadata } }) => metadata.name),
    revisionOf,
    isDeclared: async ({ tenantId, agent, revision }) => (await revisionOf(tenantId, agent)) === revision,
    async subscribers(tenantId) {
      const topics = new TopicIndex<Subscriber>();
      for (const { manifest, revision, subscribes } of await store.subscribers(tenantId)) {
        const subscriber = { agent: manifest.metadata.name, revision };
        for (const pattern of subscribes ?? topicsHere(tenantId, subscriber)) topics.add(pattern, subscriber);
        if (!declaresAgent(manifest)) continue;
        for (const trigger of await triggers.of(manifest)) topics.add(trigger.topic, { ...subscriber, trigger });
      }
      return (topic) => topics.match(topic);
    },
    restore: () => reconcile({ looksAgain: false }),
    follow: (logger) => followManifests({ store, reconcile: () => reconcile({ looksAgain: true }), logger }),
  };
};
