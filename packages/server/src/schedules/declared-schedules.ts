/** Schedule manifests of all tenants, as they are declared now. */
import type { Manifest, ScheduleManifest, ScheduleSpec } from "@agentcore/contract";
import type { ManifestStore } from "../manifests/manifest-store.ts";

export interface DeclaredSchedule {
  readonly tenantId: string;
  readonly name: string;
  readonly spec: ScheduleSpec;
}

export class DeclaredSchedules {
  private readonly declared = new Map<string, DeclaredSchedule>();
  private listener: () => void = () => {};

  /** By tenant and name. A schedule that changes is another object. */
  get all(): ReadonlyMap<string, DeclaredSchedule> {
    return this.declared;
  }

  of(tenantId: string): readonly DeclaredSchedule[] {
    return [...this.declared.values()].filter((schedule) => schedule.tenantId === tenantId);
  }

  onChange(listener: () => void): void {
    this.listener = listener;
  }

  set(tenantId: string, { metadata, spec }: ScheduleManifest): void {
    const key = keyOf(tenantId, metadata.name);
    const known = this.declared.get(key);
    if (known !== undefined && JSON.stringify(known.spec) === JSON.stringify(spec)) return;
    this.declared.set(key, { tenantId, name: metadata.name, spec });
    this.listener();
  }

  delete(tenantId: string, name: string): void {
    if (this.declared.delete(keyOf(tenantId, name))) this.listener();
  }

  /** Makes them what is declared now. */
  async reconcile(store: Pick<ManifestStore, "list" | "tenants">): Promise<void> {
    for (const tenantId of await store.tenants()) {
      const manifests = (await store.list(tenantId, "Schedule")).map(({ manifest }) => manifest).filter(isSchedule);
      const names = new Set(manifests.map(({ metadata }) => metadata.name));
      for (const manifest of manifests) this.set(tenantId, manifest);
      for (const { name } of this.of(tenantId)) if (!names.has(name)) this.delete(tenantId, name);
    }
  }
}

const keyOf = (tenantId: string, name: string): string => `${tenantId}/${name}`;

export const isSchedule = (manifest: Manifest): manifest is ScheduleManifest => manifest.kind === "Schedule";
