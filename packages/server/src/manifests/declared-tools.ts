/** Tool manifests of all tenants, as they are declared now: each call of a tool asks for its own. */
import type { Manifest, ToolManifest } from "@agentcore/contract";
import type { ManifestStore } from "./manifest-store.ts";

export class DeclaredTools {
  private readonly declared = new Map<string, Map<string, ToolManifest>>();
  private readonly onGone: (tenantId: string, name: string) => void;

  constructor({ onGone }: { readonly onGone: (tenantId: string, name: string) => void }) {
    this.onGone = onGone;
  }

  /** Null where none is known here. */
  get(tenantId: string, name: string): ToolManifest | null {
    return this.declared.get(tenantId)?.get(name) ?? null;
  }

  /** By name. */
  list(tenantId: string): readonly ToolManifest[] {
    const manifests = [...(this.declared.get(tenantId)?.values() ?? [])];
    return manifests.toSorted((one, other) => (one.metadata.name < other.metadata.name ? -1 : 1));
  }

  set(tenantId: string, manifest: ToolManifest): void {
    const tools = this.declared.get(tenantId) ?? new Map<string, ToolManifest>();
    tools.set(manifest.metadata.name, manifest);
    this.declared.set(tenantId, tools);
  }

  delete(tenantId: string, name: string): void {
    if (this.declared.get(tenantId)?.delete(name) === true) this.onGone(tenantId, name);
  }

  /** Makes them what is declared now. */
  async reconcile(store: Pick<ManifestStore, "list" | "tenants">): Promise<void> {
    for (const tenantId of await store.tenants()) {
      const manifests = (await store.list(tenantId, "Tool")).map(({ manifest }) => manifest).filter(isTool);
      const names = new Set(manifests.map(({ metadata }) => metadata.name));
      for (const manifest of manifests) this.set(tenantId, manifest);
      for (const { metadata } of this.list(tenantId))
        if (!names.has(metadata.name)) this.delete(tenantId, metadata.name);
    }
  }
}

const isTool = (manifest: Manifest): manifest is ToolManifest => manifest.kind === "Tool";
