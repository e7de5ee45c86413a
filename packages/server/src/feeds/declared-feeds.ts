/** Agents of all tenants that hold a WebSocket open (standard agent `websocket-feed`), as they are declared now. */
import type { AnyAgentManifest } from "@agentcore/contract";

export interface DeclaredFeed {
  readonly tenantId: string;
  readonly name: string;
  /** As they stand in the manifest. */
  readonly options: unknown;
}

export class DeclaredFeeds {
  private readonly declared = new Map<string, DeclaredFeed>();
  private listener: () => void = () => {};

  /** By tenant and name. A feed that changes is another object. */
  get all(): ReadonlyMap<string, DeclaredFeed> {
    return this.declared;
  }

  onChange(listener: () => void): void {
    this.listener = listener;
  }

  /** Of an agent without replicas nothing is held. */
  set(tenantId: string, { metadata: { name }, spec }: AnyAgentManifest): void {
    const standard = "standard" in spec ? spec.standard : undefined;
    if (standard?.name !== "websocket-feed" || spec.replicas === 0) return this.delete(tenantId, name);
    const known = this.declared.get(keyOf(tenantId, name));
    const { options } = standard;
    if (known !== undefined && JSON.stringify(known.options) === JSON.stringify(options)) return;
    this.declared.set(keyOf(tenantId, name), { tenantId, name, options });
    this.listener();
  }

  delete(tenantId: string, name: string): void {
    if (this.declared.delete(keyOf(tenantId, name))) this.listener();
  }
}

const keyOf = (tenantId: string, name: string): string => `${tenantId}/${name}`;
