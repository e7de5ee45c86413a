/**
 * Makes checked manifests so. All are loaded and compared before the first is written: what is wrong with one leaves the others
 * alone. Each is then written by itself, since the store's values have no common transaction; when that fails halfway the error
 * says which are applied and which are not, and applying the same again does the rest.
 */
import { declaresAgent, type Manifest, PlatformError } from "@agentcore/contract";
import type { AgentDefinition } from "@agentcore/contract/authoring";
import { TopicIndex } from "@agentcore/core/registry";
import type { InProcessHost, PreparedAgent } from "../agents/in-process-host.ts";
import type { ApplyResult } from "../gateway/deps/manifest-service.ts";
import type { DeclaredBudgets } from "../governance/declared-budgets.ts";
import type { DeclaredPolicies } from "../governance/declared-policies.ts";
import type { DeclaredSchedules } from "../schedules/declared-schedules.ts";
import type { ScheduleStates } from "../schedules/schedule-states.ts";
import type { AgentRegistrar } from "./agent-registrar.ts";
import type { AgentSchemas } from "./check-data-flow.ts";
import type { DeclaredModels } from "./declared-models.ts";
import type { DeclaredTools } from "./declared-tools.ts";
import { assertSameKind, type ManifestStore } from "./manifest-store.ts";
import type { TenantPolicies } from "./tenant-policies.ts";

export interface ApplyParts {
  readonly store: ManifestStore;
  readonly host: InProcessHost;
  readonly registrar: AgentRegistrar;
  readonly tenants: TenantPolicies;
  readonly schedules: DeclaredSchedules;
  readonly budgets: DeclaredBudgets;
  readonly policies: Pick<DeclaredPolicies, "set">;
  readonly models: Pick<DeclaredModels, "set">;
  readonly tools: Pick<DeclaredTools, "set">;
  readonly scheduleStates: Pick<ScheduleStates, "delete">;
  readonly sha256: (text: string) => string;
}

interface Planned {
  readonly manifest: Manifest;
  readonly agent: PreparedAgent | null;
  readonly result: ApplyResult;
}

export const applyManifests = async (
  parts: ApplyParts,
  tenantId: string,
  manifests: readonly Manifest[],
  { dryRun }: { readonly dryRun: boolean },
): Promise<readonly ApplyResult[]> => {
  const plan = await Promise.all(manifests.map((manifest) => planOne(parts, tenantId, manifest, dryRun)));
  await assertDataFlows(parts, tenantId, plan);
  const due = plan.filter(({ result }) => result.change !== "unchanged");
  if (!dryRun && due.length > 0) await write(parts, tenantId, due);
  return plan.map(({ result }) => result);
};

/** A dry run hashes only: it must not run anybody's code. */
const planOne = async (
  { store, host, sha256 }: ApplyParts,
  tenantId: string,
  manifest: Manifest,
  dryRun: boolean,
): Promise<Planned> => {
  const { kind, metadata } = manifest;
  const before = await store.get(tenantId, kind, metadata.name);
  assertSameKind(manifest, before);
  const agent = declaresAgent(manifest) && !dryRun ? await host.prepare(tenantId, manifest) : null;
  assertTopics(agent);
  const revision =
    agent?.revision ??
    (declaresAgent(manifest) ? await host.revisionOf(manifest) : sha256(JSON.stringify(manifest)).slice(0, 12));
  const change = before === null ? "created" : before.revision === revision ? "unchanged" : "configured";
  return { manifest, agent, result: { kind, name: metadata.name, change, revision } };
};

/** Agents of the same list count as they will be, others as they are. Throws INVALID_ARGUMENT. */
const assertDataFlows = async (
  { store, host }: ApplyParts,
  tenantId: string,
  plan: readonly Planned[],
): Promise<void> => {
  if (plan.every(({ manifest }) => manifest.kind !== "Workflow")) return;
  const { checkDataFlow, schemasOfDefinition, schemasOfManifest } = await import("./check-data-flow.ts");
  const definitionOf = async (agent: string, revision: string): Promise<AgentDefinition | null> => {
    try {
      return (await host.load({ tenantId, agent, revision }))?.definition ?? null;
    } catch {
      // It does not load here, which its own tasks will say.
      return null;
    }
  };
  const schemasOf = async (name: string): Promise<AgentSchemas | null> => {
    const planned = plan.find(({ manifest }) => declaresAgent(manifest) && manifest.metadata.name === name);
    const stored = planned === undefined ? await store.get(tenantId, "Agent", name) : null;
    const manifest = planned?.manifest ?? stored?.manifest;
    if (manifest?.kind === "Workflow") return schemasOfManifest(manifest);
    // A dry run has loaded nothing, and knows what is as it was.
    const revision = planned?.result.change === "unchanged" ? planned.result.revision : stored?.revision;
    const loaded = planned?.agent?.loaded.definition;
    const definition = loaded ?? (revision === undefined ? null : await definitionOf(name, revision));
    return definition === null ? null : schemasOfDefinition(definition);
  };
  // Many workflows may give work to one agent, whose schema is asked thousands of times.
  const known = new Map<string, Promise<AgentSchemas | null>>();
  const schemasOnce = (name: string): Promise<AgentSchemas | null> => {
    const schemas = known.get(name) ?? schemasOf(name);
    known.set(name, schemas);
    return schemas;
  };
  for (const [index, { manifest }] of plan.entries())
    if (manifest.kind === "Workflow")
      await checkDataFlow(manifest, `manifest ${index + 1} (${manifest.metadata.name})`, schemasOnce);
};

const write = async (
  { store, host, registrar, tenants, schedules, budgets, policies, models, tools, scheduleStates, sha256 }: ApplyParts,
  tenantId: string,
  due: readonly Planned[],
): Promise<void> => {
  let written = 0;
  // All at once, here and on every node: a task of one that is there already must not find another of them missing.
  const registrations: (() => void)[] = [];
  let end: () => Promise<void> = async () => {};
  try {
    await store.addTenant(tenantId);
    // The revisions first: a manifest whose code is not kept could not be brought back.
    for (const { agent, result } of due) if (agent !== null) await host.keep(tenantId, result.name, agent);
    const agents = due
      .filter(({ agent }) => agent !== null)
      .map(({ result: { name, revision } }) => ({ name, revision }));
    if (agents.length > 1) {
      const names = agents.map(({ name }) => name);
      end = await store.announce(tenantId, sha256(JSON.stringify(agents)).slice(0, 32), names);
    }
    for (const { manifest, agent, result } of due) {
      // One of that name that was deleted may have left it behind, by a node that heard of that late.
      if (manifest.kind === "Schedule" && result.change === "created")
        await scheduleStates.delete(tenantId, result.name);
      await store.put(tenantId, { manifest, revision: result.revision, subscribes: subscribesOf(agent) });
      if (agent !== null && declaresAgent(manifest)) {
        registrar.limit(tenantId, manifest);
        registrations.push(() => registrar.register(tenantId, manifest, agent));
      }
      if (manifest.kind === "Tenant") tenants.set(manifest);
      if (manifest.kind === "Schedule") schedules.set(tenantId, manifest);
      if (manifest.kind === "Budget") budgets.set(tenantId, manifest);
      if (manifest.kind === "Policy") policies.set(tenantId, manifest);
      if (manifest.kind === "Model") models.set(tenantId, manifest);
      if (manifest.kind === "Tool") tools.set(tenantId, manifest);
      written += 1;
    }
  } catch (error) {
    throw halfway(PlatformError.from(error), due, written);
  } finally {
    for (const register of registrations) register();
    // They are applied all the same; nobody waits for what was announced for long.
    await end().catch(() => undefined);
  }
};

const subscribesOf = (agent: PreparedAgent | null): readonly string[] | undefined =>
  agent?.loaded.definition.subscribes;

/** Throws INVALID_ARGUMENT. */
const assertTopics = (agent: PreparedAgent | null): void => {
  const topics = new TopicIndex<null>();
  for (const pattern of subscribesOf(agent) ?? []) topics.add(pattern, null);
};

const halfway = (error: PlatformError, due: readonly Planned[], written: number): PlatformError => {
  const names = due.map(({ result }) => `${result.kind}/${result.name}`);
  const applied = names.slice(0, written);
  const notApplied = names.slice(written);
  return new PlatformError(
    error.code,
    `${error.message}; applied: ${applied.join(", ") || "none"}; not applied: ${notApplied.join(", ")}; apply them again`,
    { cause: error, retryable: error.retryable, details: { ...error.details, applied, notApplied } },
  );
};
