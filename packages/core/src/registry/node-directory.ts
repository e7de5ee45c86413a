/**
 * Which nodes there are. Each writes a record of itself now and then and reads those of the others; whoever has not been heard of for a
 * while counts as lost, and is forgotten when its record expires. Nobody's clock is compared with another's, except at first sight:
 * a record that goes on changing is alive, whatever time it says.
 *
 * Requests to drain lie beside the records: they outlive the process that they are about.
 */
import { DrainRequest, NodeRecord, type NodeStatus, PlatformError } from "@agentcore/contract";
import type { Clock, KeyValue, KeyValueEntry, Logger } from "../ports/index.ts";

export interface NodeDirectoryOptions {
  readonly keyValue: KeyValue;
  /** The platform's own, which no key stands for (I7). */
  readonly tenantId: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly name: string;
  /** This node as it is now. */
  readonly describe: () => NodeRecord;
  /** False where no other node could read the record: then none is written. */
  readonly isShared: boolean;
  /** Milliseconds. @default 10000: four heartbeats of 2.5 s */
  readonly lostAfterMs?: number | undefined;
  /** Milliseconds for which a lost node is still shown. @default 600000 */
  readonly forgetAfterMs?: number | undefined;
}

interface Sighting {
  readonly version: number;
  /** By this node's monotonic clock. */
  readonly changedAt: number;
  isLost: boolean;
}

// The port's own most.
const MAX_NODES = 1000;

export class NodeDirectory {
  private readonly options: NodeDirectoryOptions;
  private readonly lostAfterMs: number;
  private readonly sightings = new Map<string, Sighting>();
  /** Whose records were last found unreadable: told once, until they can be read again. */
  private readonly unreadable = new Set<string>();
  private isFirstLook = true;
  /** Version of this node's own record; null before the first. */
  private own: number | null = null;

  constructor(options: NodeDirectoryOptions) {
    this.options = options;
    this.lostAfterMs = options.lostAfterMs ?? 10_000;
  }

  /** Says that this node is there and how it is, and looks who else is. Throws what the store throws. */
  async beat(): Promise<void> {
    const { keyValue, describe, isShared, name } = this.options;
    if (!isShared) return;
    const ttlMs = this.options.forgetAfterMs ?? 600_000;
    this.own = await keyValue.put(this.records, name, describe(), { ttlMs });
    await this.others();
  }

  /** The node has ended in order: nobody has to wonder. Its record stays when a later process of its name has written one. */
  async leave(): Promise<void> {
    const { keyValue, name } = this.options;
    if (this.own !== null) await keyValue.delete(this.records, name, { expectedVersion: this.own });
  }

  /** By name, 1,000 at most, agents of one tenant only (I7). */
  async list(tenantId: string): Promise<readonly NodeStatus[]> {
    const nodes = [this.self(), ...(await this.others())];
    return nodes.map((node) => toStatus(node, tenantId)).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Null when there is none of that name. */
  async get(tenantId: string, name: string): Promise<NodeStatus | null> {
    return (await this.list(tenantId)).find((node) => node.name === name) ?? null;
  }

  async drainRequest(name: string): Promise<DrainRequest | null> {
    const entry = await this.options.keyValue.get(this.drains, name);
    return entry === null ? null : (DrainRequest.safeParse(entry.value).data ?? null);
  }

  async requestDrain(name: string, request: DrainRequest): Promise<void> {
    await this.options.keyValue.put(this.drains, name, request);
  }

  /** False when there was no request. */
  async withdrawDrain(name: string): Promise<boolean> {
    return this.options.keyValue.delete(this.drains, name);
  }

  /** Calls back when somebody may have asked this node to drain, or not to, as far as that is heard. */
  watchDrain(listener: () => void): () => void {
    return this.options.keyValue.watch(this.drains, ({ key }) => {
      if (key === this.options.name) listener();
    });
  }

  private get records() {
    return { tenantId: this.options.tenantId, namespace: "nodes" };
  }

  private get drains() {
    return { tenantId: this.options.tenantId, namespace: "node-drains" };
  }

  private self(): Seen {
    return { record: this.options.describe(), isLost: false };
  }

  private async others(): Promise<readonly Seen[]> {
    const { keyValue, isShared, name } = this.options;
    if (!isShared) return [];
    const entries = await keyValue.list(this.records, { limit: MAX_NODES });
    const seen = entries.filter(({ key }) => key !== name).flatMap((entry) => this.sight(entry) ?? []);
    const names = new Set(entries.map(({ key }) => key));
    for (const known of this.sightings.keys()) if (!names.has(known)) this.sightings.delete(known);
    for (const known of this.unreadable) if (!names.has(known)) this.unreadable.delete(known);
    this.isFirstLook = false;
    return seen;
  }

  /** Null for what cannot be read, or no node of this version would write: it hides no other node. */
  private sight(entry: KeyValueEntry): Seen | null {
    const { key, version } = entry;
    const record = this.readRecord(entry);
    if (record === null) return null;
    const { clock, logger } = this.options;
    const now = clock.monotonic();
    const before = this.sightings.get(key);
    const changedAt =
      before === undefined
        ? now - Math.max(0, clock.now() - record.heartbeatAt)
        : before.version === version
          ? before.changedAt
          : now;
    const isLost = now - changedAt > this.lostAfterMs;
    if (before === undefined && !this.isFirstLook) logger.log("info", `node ${key} has joined`);
    if (before !== undefined && isLost !== before.isLost)
      logger.log("warn", isLost ? `node ${key} is lost: it has not been heard of` : `node ${key} is back`);
    this.sightings.set(key, { version, changedAt, isLost });
    return { record, isLost };
  }

  private readRecord(entry: KeyValueEntry): NodeRecord | null {
    try {
      const record = NodeRecord.parse(entry.value);
      this.unreadable.delete(entry.key);
      return record;
    } catch (thrown) {
      if (!this.unreadable.has(entry.key)) {
        this.unreadable.add(entry.key);
        const why = PlatformError.is(thrown) ? thrown.message : "it is not as this version writes them";
        this.options.logger.log("warn", `the record of node ${entry.key} is left out: ${why}`);
      }
      return null;
    }
  }
}

interface Seen {
  readonly record: NodeRecord;
  readonly isLost: boolean;
}

const toStatus = ({ record, isLost }: Seen, tenantId: string): NodeStatus => ({
  ...record,
  state: isLost ? "lost" : record.state,
  agents: record.agents
    .filter((agent) => agent.tenantId === tenantId)
    .map(({ name, revision, replicas, tasks }) => ({ name, revision, replicas, tasks })),
});
