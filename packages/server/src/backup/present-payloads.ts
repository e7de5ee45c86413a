import { PAYLOADS } from "@agentcore/core/payloads";
import type { BlobEntry, BlobStore } from "@agentcore/core/ports";

/** Whether payloads are there. Quick when asked in the order of tenants and names: both sides are gone through once, a page at a time. */
export class PresentPayloads {
  private readonly blobs: Pick<BlobStore, "list">;
  private tenantId: string | null = null;
  private asked = "";
  private page: readonly BlobEntry[] = [];
  private at = 0;
  private isLast = false;

  constructor(blobs: Pick<BlobStore, "list">) {
    this.blobs = blobs;
  }

  async has(tenantId: string, name: string): Promise<boolean> {
    if (tenantId !== this.tenantId || name < this.asked) {
      this.tenantId = tenantId;
      [this.page, this.at, this.isLast] = [[], 0, false];
    }
    this.asked = name;
    for (;;) {
      while ((this.page[this.at]?.name ?? name) < name) this.at += 1;
      const found = this.page[this.at];
      if (found !== undefined) return found.name === name;
      if (this.isLast) return false;
      const after = this.page.at(-1)?.name;
      this.page = await this.blobs.list({ tenantId, namespace: PAYLOADS }, after === undefined ? {} : { after });
      this.at = 0;
      this.isLast = this.page.length === 0;
    }
  }
}
