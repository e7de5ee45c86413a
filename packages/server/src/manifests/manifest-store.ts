/** Manifests as they were applied, by tenant; Tenant manifests by nobody's: they are for all nodes and tenants. */
import {
  type AnyAgentManifest,
  declaresAgent,
  isAgentKind,
  MANIFEST_KINDS,
  type Manifest,
  type ManifestKind,
  PlatformError,
} from "@agentcore/contract";
import type { KeyValue, KeyValueEntry, KeyValueScope } from "@agentcore/core/ports";
import { SYSTEM_TENANT } from "../gateway/deps/tenants.ts";
import { triggersOf } from "./triggers-of.ts";

export interface StoredManifest {
  readonly manifest: Manifest;
  readonly revision: string;
  /** Topics of the agent, as its code says; absent where an earlier version stored it. */
  readonly subscribes?: readonly string[] | undefined;
}

export interface ManifestStore {
  /** Makes the tenant known to the next start; before its first manifest, so that none is ever overlooked. */
  addTenant(tenantId: string): Promise<void>;
  tenants(): Promise<readonly string[]>;
  /** Of the kinds that are agents, the one of that name, whichever of them it is. */
  get(tenantId: string, kind: ManifestKind, name: string): Promise<StoredManifest | null>;
  /** Throws CONFLICT when an agent of another kind has the name, also when both are put at once. */
  put(tenantId: string, stored: StoredManifest): Promise<void>;
  /**
   * Says which agents are about to be put together, so that no node has one of them without the others. Until the returned function
   * is called, and for half a minute at most: whoever puts them may die. `id`: another's is another.
   */
  announce(tenantId: string, id: string, names: readonly string[]): Promise<() => Promise<void>>;
  /** Agents that were announced and may not all have been put yet. */
  beingApplied(tenantId: string): Promise<ReadonlySet<string>>;
  /** Names it among the agents that events ask for, since an earlier version has stored it without its topics. */
  nameUntold(tenantId: string, name: string): Promise<void>;
  /** Adds the topics to what an earlier version stored without. */
  complete(tenantId: string, name: string, revision: string, subscribes: readonly string[]): Promise<void>;
  /** Agents of the tenant that subscribe to anything, or may, as they are declared now. */
  subscribers(tenantId: string): Promise<readonly StoredManifest[]>;
  /** False when there was none. */
  delete(tenantId: string, kind: ManifestKind, name: string): Promise<boolean>;
  /** Calls back when a manifest of the tenant changed, as far as it is heard, until the returned function is called. */
  watch(tenantId: string, listener: () => void): () => void;
  /** The same for the list of tenants, and for their manifests. */
  watchTenants(listener: () => void): () => void;
  /** By name. */
  list(tenantId: string, kind?: ManifestKind): Promise<readonly StoredManifest[]>;
  /** Of all kinds that are agents, by name. */
  agents(tenantId: string): Promise<readonly (StoredManifest & { readonly manifest: AnyAgentManifest })[]>;
}

const TENANTS = { tenantId: SYSTEM_TENANT, namespace: "tenants" };
// Beside the manifests, so that who watches those hears of the end.
const ANNOUNCED = "applying/";
const ANNOUNCED_MS = 30_000;
// The port's own most.
const PAGE_SIZE = 1000;
// Each time somebody else wrote the same manifest in between.
const MAX_WRITES = 20;

/** Under which a manifest is stored: agents of all kinds share their names. */
export const manifestKey = (kind: ManifestKind, name: string): string =>
  `${isAgentKind(kind) ? "Agent" : kind}/${name}`;

/** Throws CONFLICT. */
export const assertSameKind = ({ kind, metadata: { name } }: Manifest, before: StoredManifest | null): void => {
  if (before === null || before.manifest.kind === kind) return;
  const { kind: other } = before.manifest;
  throw new PlatformError(
    "CONFLICT",
    `${kind} ${name}: there is ${other} ${name} already, and agents of all kinds share their names; rename it, or delete the other first: agentcore delete ${other.toLowerCase()} ${name}`,
  );
};

export const createManifestStore = (keyValue: KeyValue): ManifestStore => {
  const scopeOf = (tenantId: string, kind?: ManifestKind): KeyValueScope => ({
    tenantId: kind === "Tenant" ? SYSTEM_TENANT : tenantId,
    namespace: "manifests",
  });
  // Names of agents that have ever subscribed: batches of events ask for these, instead of reading every manifest. Names are never
  // taken out. Whoever finds no manifest could delete the name at the version it read, if every `put` wrote the name once more after
  // the manifest; but where that reader comes between the first name and the manifest, and the node dies before the second, a manifest
  // stays without its name, and applying it again, unchanged, writes nothing. A name too many costs a look, one too few its events.
  const subscribing = (tenantId: string): KeyValueScope => ({ tenantId, namespace: "subscribing" });

  /** What stands there changes by `write` alone, and not by somebody else in between. `write` gives null where it did not hold. */
  const change = async <Result>(
    tenantId: string,
    kind: ManifestKind,
    name: string,
    write: (entry: KeyValueEntry | null) => Promise<Result | null>,
  ): Promise<Result> => {
    for (let count = 0; count < MAX_WRITES; count++) {
      const result = await write(await keyValue.get(scopeOf(tenantId, kind), manifestKey(kind, name)));
      if (result !== null) return result;
    }
    throw new PlatformError("CONFLICT", `${kind} ${name} is being changed by others all the time; try again`);
  };

  const listAll = async (scope: KeyValueScope, prefix: string): Promise<readonly KeyValueEntry[]> => {
    const entries: KeyValueEntry[] = [];
    for (;;) {
      const after = entries.at(-1)?.key;
      const options = { prefix, limit: PAGE_SIZE, ...(after === undefined ? {} : { after }) };
      const page = await keyValue.list(scope, options);
      entries.push(...page);
      if (page.length < PAGE_SIZE) return entries;
    }
  };

  return {
    async addTenant(tenantId) {
      await keyValue.put(TENANTS, tenantId, true);
    },
    tenants: async () => (await listAll(TENANTS, "")).map(({ key }) => key),
    async get(tenantId, kind, name) {
      const entry = await keyValue.get(scopeOf(tenantId, kind), manifestKey(kind, name));
      return (entry?.value as StoredManifest | undefined) ?? null;
    },
    async put(tenantId, stored) {
      const { kind, metadata } = stored.manifest;
      // First, so that no event is committed between the two.
      const triggers = declaresAgent(stored.manifest) ? await triggersOf(stored.manifest) : [];
      if ((stored.subscribes ?? []).length + triggers.length > 0)
        await keyValue.put(subscribing(tenantId), metadata.name, true);
      const key = manifestKey(kind, metadata.name);
      if (!isAgentKind(kind)) {
        await keyValue.put(scopeOf(tenantId, kind), key, stored);
        return;
      }
      await change(tenantId, kind, metadata.name, (entry) => {
        assertSameKind(stored.manifest, entry === null ? null : (entry.value as StoredManifest));
        return keyValue.put(scopeOf(tenantId, kind), key, stored, { expectedVersion: entry?.version ?? 0 });
      });
    },
    async announce(tenantId, id, names) {
      const key = `${ANNOUNCED}${id}`;
      await keyValue.put(scopeOf(tenantId), key, names, { ttlMs: ANNOUNCED_MS });
      return async () => {
        await keyValue.delete(scopeOf(tenantId), key);
      };
    },
    beingApplied: async (tenantId) =>
      new Set((await listAll(scopeOf(tenantId), ANNOUNCED)).flatMap(({ value }) => value as readonly string[])),
    async nameUntold(tenantId, name) {
      await keyValue.put(subscribing(tenantId), name, true);
    },
    async complete(tenantId, name, revision, subscribes) {
      const entry = await keyValue.get(scopeOf(tenantId, "Agent"), manifestKey("Agent", name));
      const stored = entry?.value as StoredManifest | undefined;
      if (entry === null || stored?.revision !== revision || stored.subscribes !== undefined) return;
      if (subscribes.length > 0) await keyValue.put(subscribing(tenantId), name, true);
      // Whoever applied it meanwhile has said it.
      const options = { expectedVersion: entry.version };
      await keyValue.put(scopeOf(tenantId, "Agent"), manifestKey("Agent", name), { ...stored, subscribes }, options);
    },
    async subscribers(tenantId) {
      const names = (await listAll(subscribing(tenantId), "")).map(({ key }) => key);
      const entries = await Promise.all(
        names.map((name) => keyValue.get(scopeOf(tenantId, "Agent"), manifestKey("Agent", name))),
      );
      return entries.flatMap((entry) => (entry === null ? [] : [entry.value as StoredManifest]));
    },
    delete: (tenantId, kind, name) =>
      change(tenantId, kind, name, async (entry) => {
        if (entry === null || (entry.value as StoredManifest).manifest.kind !== kind) return false;
        const options = { expectedVersion: entry.version };
        return (await keyValue.delete(scopeOf(tenantId, kind), manifestKey(kind, name), options)) || null;
      }),
    watch: (tenantId, listener) => keyValue.watch(scopeOf(tenantId), listener),
    watchTenants(listener) {
      const ends = [keyValue.watch(TENANTS, listener), keyValue.watch(scopeOf(SYSTEM_TENANT), listener)];
      return () => {
        for (const end of ends) end();
      };
    },
    agents: async (tenantId) =>
      (await listAll(scopeOf(tenantId), manifestKey("Agent", ""))).flatMap(({ value }) => {
        const stored = value as StoredManifest;
        return declaresAgent(stored.manifest) ? [{ ...stored, manifest: stored.manifest }] : [];
      }),
    async list(tenantId, kind) {
      const prefixes = new Map(
        (kind === undefined ? MANIFEST_KINDS : [kind]).map((each) => [manifestKey(each, ""), each]),
      );
      const lists = await Promise.all(
        Array.from(prefixes, ([prefix, each]) => listAll(scopeOf(tenantId, each), prefix)),
      );
      const all = lists.flat().map(({ value }) => value as StoredManifest);
      return kind === undefined ? all : all.filter(({ manifest }) => manifest.kind === kind);
    },
  };
};
