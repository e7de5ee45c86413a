/** Model manifests of all tenants, as they are declared now: each call of a model asks for its own. */
import type { Manifest, ModelManifest } from "@agentcore/contract";
import { checkModel } from "./check-model.ts";
import type { ManifestStore } from "./manifest-store.ts";

interface Declared {
  readonly manifest: ModelManifest;
  /** Whether this node may call it. */
  isChecked: boolean;
}

export class DeclaredModels {
  private readonly allowPrivate: boolean;
  private readonly declared = new Map<string, Map<string, Declared>>();

  constructor({ allowPrivate }: { readonly allowPrivate: boolean }) {
    this.allowPrivate = allowPrivate;
  }

  /** Null where none is known here. Throws INVALID_ARGUMENT for one that was applied to a node that allows more. */
  get(tenantId: string, name: string): ModelManifest | null {
    const model = this.declared.get(tenantId)?.get(name);
    if (model === undefined) return null;
    if (!model.isChecked) checkModel(tenantId, model.manifest, this.allowPrivate);
    model.isChecked = true;
    return model.manifest;
  }

  set(tenantId: string, manifest: ModelManifest): void {
    const models = this.declared.get(tenantId) ?? new Map<string, Declared>();
    models.set(manifest.metadata.name, { manifest, isChecked: false });
    this.declared.set(tenantId, models);
  }

  delete(tenantId: string, name: string): void {
    this.declared.get(tenantId)?.delete(name);
  }

  /** Makes them what is declared now. */
  async reconcile(store: Pick<ManifestStore, "list" | "tenants">): Promise<void> {
    for (const tenantId of await store.tenants()) {
      const manifests = (await store.list(tenantId, "Model")).map(({ manifest }) => manifest).filter(isModel);
      this.declared.delete(tenantId);
      for (const manifest of manifests) this.set(tenantId, manifest);
    }
  }
}

const isModel = (manifest: Manifest): manifest is ModelManifest => manifest.kind === "Model";
