/** Runs agents in this process, or by threads and processes of it: keeps loaded revisions, brings back older ones from their snapshots. */
import { type AgentManifest, type AnyAgentManifest, PlatformError, type WorkflowGraph } from "@agentcore/contract";
import type { AgentDefinition } from "@agentcore/contract/authoring";
import type { BlobStore, KeyValue } from "@agentcore/core/ports";
import type { AgentHost, AgentRevision, LoadedAgent } from "@agentcore/core/tasks";
import type { ApartHost } from "../apart/apart-host.ts";
import type { ApartCodeOptions } from "../apart/prepare-apart.ts";
import type { CodingAgents } from "../coding/coding-agents.ts";
import type { RemoteAgents } from "../remote/remote-agents.ts";
import type { CodeRoots } from "./code-roots.ts";
import { type CodeSnapshot, readCode } from "./read-code.ts";
import { createRevisionLoader } from "./revision-loader.ts";
import { fetchCode, shareCode } from "./shared-code.ts";
import { readSnapshot, storeSnapshot } from "./snapshot-store.ts";

interface StoredRevision {
  readonly manifest: AnyAgentManifest;
  readonly snapshot: CodeSnapshot | null;
  /** Of a workflow in code: nobody has to load it to see its graph. That of a manifest stands in there. */
  readonly workflow?: WorkflowShape | undefined;
}

/** A workflow without its code. */
export interface WorkflowShape {
  readonly graph: WorkflowGraph;
  /** JSON Schemas, as far as they are known. */
  readonly input?: Readonly<Record<string, unknown>> | undefined;
  readonly output?: Readonly<Record<string, unknown>> | undefined;
}

export interface PreparedAgent {
  readonly revision: string;
  readonly loaded: LoadedAgent;
  readonly stored: StoredRevision;
  /** Null for an agent without code. */
  readonly files: ReadonlyMap<string, Buffer> | null;
}

export interface InProcessHost extends AgentHost {
  /** The revision that a manifest and its code make now; runs and writes nothing. Throws INVALID_ARGUMENT. */
  revisionOf(manifest: AnyAgentManifest): Promise<string>;
  /** Reads, hashes and loads the code of a manifest, or asks for a remote agent's card, without making it current. Throws INVALID_ARGUMENT. */
  prepare(tenantId: string, manifest: AnyAgentManifest): Promise<PreparedAgent>;
  /** How many tasks of the agent may be in memory here; 0 lets them wait in the store. `undefined`: it is not declared any more. */
  setCapacity(tenantId: string, agentName: string, capacity: number | undefined): void;
  /** How many tasks of the agent may run at once on all nodes together. `undefined`: as many as there are slots. */
  setMaxRunning(tenantId: string, agentName: string, maxRunning: number | undefined): void;
  /** Keeps a revision for as long as tasks may need it. */
  keep(tenantId: string, agentName: string, prepared: PreparedAgent): Promise<void>;
  /** The scopes that a revision asks its callers for, also of an agent that was deleted; null when nothing is kept of it. */
  scopesOf(revision: AgentRevision): Promise<readonly string[] | null>;
  /** The graph of a revision, also of an agent that was deleted; null when nothing is kept of it, or it is no workflow. */
  workflowOf(revision: AgentRevision): Promise<WorkflowShape | null>;
  close(): void;
}

const DEFAULT_CONCURRENCY = 100;
// The only variable every agent sees unasked: whether a model is there decides how a hybrid agent works.
const SHARED_ENV = ["AGENTCORE_MODEL_URL"] as const;

export const createInProcessHost = (options: {
  readonly keyValue: KeyValue;
  readonly snapshotDirectory: string;
  /** Where nodes share code; null when there is one node only. */
  readonly blobs: BlobStore | null;
  /** Whether it is what its agent is declared to be now; asked where nodes share a store. */
  readonly isDeclared?: ((revision: AgentRevision) => Promise<boolean>) | undefined;
  readonly codeRoots: CodeRoots;
  /** Makes agents of manifests that name a remote one. */
  readonly remotes: Pick<RemoteAgents, "define">;
  /** Makes agents of manifests that name a coding program. */
  readonly coding: CodingAgents;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly sha256: (text: string) => string;
}): InProcessHost => {
  const loader = createRevisionLoader(options.snapshotDirectory);
  const loaded = new Map<string, LoadedAgent>();
  const capacities = new Map<string, number>();
  const maxRunning = new Map<string, number>();
  const loading = new Map<string, Promise<LoadedAgent | null>>();
  const apart = new Set<ApartHost>();
  const keyOf = ({ tenantId, agent: name, revision }: AgentRevision): string => `${tenantId}/${name}/${revision}`;
  const scope = (tenantId: string) => ({ tenantId, namespace: "revisions" });

  const codeOf = async (manifest: AnyAgentManifest) =>
    manifest.kind !== "Agent" || manifest.spec.code === undefined
      ? null
      : readCode(manifest.spec.code.path, options.codeRoots);

  const revisionHash = (manifest: AnyAgentManifest, snapshot: CodeSnapshot | null): string =>
    options.sha256(JSON.stringify([manifest, snapshot?.hash])).slice(0, 12);

  const define = async (
    tenantId: string,
    manifest: AnyAgentManifest,
    snapshot: CodeSnapshot | null,
    isNew: boolean,
  ): Promise<AgentDefinition> => {
    const { name } = manifest.metadata;
    if (manifest.kind === "Workflow") return (await workflows()).ofManifest(manifest);
    const { spec } = manifest;
    if (spec.code !== undefined && snapshot !== null) {
      const exported = await loader.load(snapshot, spec.code.export);
      if (!isDefinition(exported))
        throw new PlatformError(
          "INVALID_ARGUMENT",
          `agent ${name}: export "${spec.code.export}" is not an agent; write it with agent({ … })`,
          { violations: [{ field: "spec.code.export", description: "expected an agent made by agent()" }] },
        );
      return exported.workflow === undefined ? exported : (await workflows()).runnable(exported);
    }
    if (spec.remote !== undefined) return options.remotes.define(tenantId, manifest, { ask: isNew });
    if (spec.coding !== undefined) return options.coding.define(manifest);
    return (await import("./declared-agent.ts")).declaredAgent(manifest);
  };

  /** The agent of code that runs apart: nothing of it is loaded here. */
  const defineApart = async (
    manifest: AgentManifest,
    snapshot: CodeSnapshot,
    isolation: ApartCodeOptions["isolation"],
  ): Promise<ApartHost> => {
    const { createApartHost } = await import("../apart/apart-host.ts");
    const { prepareApart } = await import("../apart/prepare-apart.ts");
    const { snapshotDirectory, env } = options;
    const host = createApartHost(await prepareApart({ manifest, isolation, snapshot, snapshotDirectory, env }));
    apart.add(host);
    return host;
  };

  const instantiate = async (
    tenantId: string,
    manifest: AnyAgentManifest,
    snapshot: CodeSnapshot | null,
    { isNew }: { readonly isNew: boolean },
  ): Promise<LoadedAgent> => {
    const { name } = manifest.metadata;
    const { spec } = manifest;
    const isolation = manifest.kind === "Agent" ? manifest.spec.isolation : undefined;
    const host =
      manifest.kind !== "Agent" || isolation === undefined || snapshot === null
        ? undefined
        : await defineApart(manifest, snapshot, isolation);
    const definition = host === undefined ? await define(tenantId, manifest, snapshot, isNew) : await host.define();
    const guardrails = await guardrailsOf(manifest, definition);
    const shared = SHARED_ENV.flatMap((key) =>
      options.env[key] === undefined ? [] : [[key, options.env[key]] as const],
    );
    return {
      definition: {
        ...definition,
        ...("reports" in spec && spec.reports === true ? await withReports(definition) : {}),
        name,
        labels: { ...definition.labels, ...manifest.metadata.labels },
        tools: withDeclared(definition.tools, "tools" in spec ? spec.tools : undefined),
        ...(spec.skills === undefined ? {} : { skills: spec.skills }),
        ...(spec.timeoutMs === undefined ? {} : { timeoutMs: spec.timeoutMs }),
        ...(guardrails === undefined ? {} : { guardrails }),
      },
      env: { ...Object.fromEntries(shared), ...("env" in spec ? spec.env : {}) },
      concurrency: spec.concurrency ?? DEFAULT_CONCURRENCY,
      maxRunning: spec.limits?.concurrency,
      ...(host === undefined ? {} : { apart: host }),
    };
  };

  const stored = async ({ tenantId, agent: name, revision }: AgentRevision): Promise<StoredRevision | null> => {
    const entry = await options.keyValue.get(scope(tenantId), `${name}/${revision}`);
    return entry === null ? null : (entry.value as StoredRevision);
  };

  const revive = async (revision: AgentRevision): Promise<LoadedAgent | null> => {
    const found = await stored(revision);
    if (found === null) return null;
    const { manifest, snapshot } = found;
    if (snapshot !== null && (await readSnapshot(options.snapshotDirectory, snapshot.hash)) === null) {
      const files = options.blobs === null ? null : await fetchCode(options.blobs, revision.tenantId, snapshot);
      if (files === null) return null;
      await storeSnapshot(options.snapshotDirectory, snapshot, files);
    }
    const agentLoaded = await instantiate(revision.tenantId, manifest, snapshot, { isNew: false });
    loaded.set(keyOf(revision), agentLoaded);
    return agentLoaded;
  };

  /** What does not load here may load on another node (a package that only that has): its tasks are left to the others. */
  const reviveHere = async (revision: AgentRevision): Promise<LoadedAgent | null> => {
    const leaveToOthers = async (): Promise<void> => {
      if (options.blobs === null || (await options.isDeclared?.(revision)) !== true) return;
      // Applied here while that was asked: it runs here.
      if (loaded.has(keyOf(revision))) return;
      capacities.set(`${revision.tenantId}/${revision.agent}`, 0);
    };
    try {
      const revived = await revive(revision);
      if (revived === null) await leaveToOthers();
      return revived;
    } catch (error) {
      await leaveToOthers();
      throw error;
    }
  };

  return {
    capacities,
    maxRunning,
    setCapacity: (tenantId, agentName, capacity) => setOrDelete(capacities, `${tenantId}/${agentName}`, capacity),
    setMaxRunning: (tenantId, agentName, most) => setOrDelete(maxRunning, `${tenantId}/${agentName}`, most),
    load(revision) {
      const key = keyOf(revision);
      const known = loaded.get(key);
      if (known !== undefined) return known;
      // One load however many tasks ask at once.
      const under = loading.get(key) ?? reviveHere(revision).finally(() => loading.delete(key));
      loading.set(key, under);
      return under;
    },
    async revisionOf(manifest) {
      const code = await codeOf(manifest);
      return revisionHash(manifest, code?.snapshot ?? null);
    },
    async prepare(tenantId, manifest) {
      const code = await codeOf(manifest);
      const snapshot = code?.snapshot ?? null;
      const revision = revisionHash(manifest, snapshot);
      if (code !== null) await storeSnapshot(options.snapshotDirectory, code.snapshot, code.files);
      const loadedAgent = await instantiate(tenantId, manifest, snapshot, { isNew: true });
      const shape = manifest.kind === "Agent" ? await shapeOf(loadedAgent) : undefined;
      const stored = { manifest, snapshot, ...(shape === undefined ? {} : { workflow: shape }) };
      return { revision, loaded: loadedAgent, stored, files: code?.files ?? null };
    },
    async keep(tenantId, agentName, prepared) {
      loaded.set(keyOf({ tenantId, agent: agentName, revision: prepared.revision }), prepared.loaded);
      const { files, stored } = prepared;
      if (options.blobs !== null && files !== null && stored.snapshot !== null)
        await shareCode(options.blobs, tenantId, stored.snapshot, files);
      await options.keyValue.put(scope(tenantId), `${agentName}/${prepared.revision}`, prepared.stored);
    },
    async scopesOf(revision) {
      const found = await stored(revision);
      return found === null ? null : (found.manifest.spec.a2a?.scopes ?? []);
    },
    async workflowOf(revision) {
      const found = await stored(revision);
      if (found === null) return null;
      const { manifest, workflow } = found;
      if (manifest.kind === "Workflow") return (await workflows()).shapeOfManifest(manifest);
      return workflow ?? null;
    },
    close() {
      loader.close();
      for (const host of apart) host.close();
    },
  };
};

/** What the manifest names beside the code's own: what it may ask for. */
const withDeclared = (own: AgentDefinition["tools"], named: readonly string[] = []): AgentDefinition["tools"] => {
  const known = own.flatMap((tool) => ("declared" in tool ? [tool.declared] : []));
  return [...own, ...named.filter((name) => !known.includes(name)).map((declared) => ({ declared }))];
};

/** Loaded with the first that tells them. */
const withReports = async ({ run }: AgentDefinition): Promise<Pick<AgentDefinition, "run">> => {
  const { reported } = await import("@agentcore/sdk");
  return run === undefined ? {} : { run: reported(async (task, ctx) => run(task, ctx), { measure: true }) };
};

const setOrDelete = (values: Map<string, number>, key: string, value: number | undefined): void => {
  if (value === undefined) values.delete(key);
  else values.set(key, value);
};

const isDefinition = (value: unknown): value is AgentDefinition =>
  typeof value === "object" &&
  value !== null &&
  "name" in value &&
  "skills" in value &&
  ("run" in value || "answer" in value || "workflow" in value);

const shapeOf = async ({ definition }: LoadedAgent): Promise<WorkflowShape | undefined> =>
  definition.workflow === undefined ? undefined : (await workflows()).shapeOfDefinition(definition);

/** Loaded with the first that names one. */
const guardrailsOf = async (
  manifest: AnyAgentManifest,
  { name, guardrails = [] }: AgentDefinition,
): Promise<AgentDefinition["guardrails"]> => {
  const declared = manifest.kind === "Agent" ? manifest.spec.guardrails : undefined;
  if (declared === undefined) return undefined;
  return (await import("./declared-guardrails.ts")).withDeclaredGuardrails(name, guardrails, declared);
};

/** Loaded with the first workflow: most nodes start without. */
const workflows = () => import("./load-workflow.ts");
