import type { BlobName, MissingBlobs } from "./backup-format.ts";

// Enough to see of what kind they are; a store that lost a folder misses a million.
const MOST_NAMED = 100;

/** Counts blobs that are not there, and names the first. */
export class MissingList {
  private count = 0;
  private readonly first: BlobName[] = [];

  add({ tenantId, namespace, name }: BlobName): void {
    this.count += 1;
    if (this.first.length < MOST_NAMED) this.first.push({ tenantId, namespace, name });
  }

  found(): MissingBlobs | undefined {
    return this.count === 0 ? undefined : { count: this.count, first: this.first };
  }
}
