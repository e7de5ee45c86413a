/** How far feeds are in what their services tell: of each the last that is durable. */
import type { KeyValue, KeyValueScope } from "@agentcore/core/ports";

export class FeedPositions {
  private readonly keyValue: KeyValue;

  constructor(keyValue: KeyValue) {
    this.keyValue = keyValue;
  }

  /** Undefined where there is none of that address: another service counts otherwise. */
  async get(tenantId: string, name: string, url: string): Promise<string | number | undefined> {
    const entry = await this.keyValue.get(scopeOf(tenantId), name);
    const { url: of, position } = (entry?.value ?? {}) as { url?: unknown; position?: unknown };
    return of === url && (typeof position === "string" || typeof position === "number") ? position : undefined;
  }

  async put(tenantId: string, name: string, url: string, position: string | number): Promise<void> {
    await this.keyValue.put(scopeOf(tenantId), name, { url, position });
  }

  /** Of a feed that is gone: one of its name begins anew. */
  async delete(tenantId: string, name: string): Promise<void> {
    await this.keyValue.delete(scopeOf(tenantId), name);
  }
}

const scopeOf = (tenantId: string): KeyValueScope => ({ tenantId, namespace: "feed-positions" });
