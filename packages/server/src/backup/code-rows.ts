/**
 * Agents' code in a backup. A node on a file has it in a folder beside, nodes on a database as blobs; in a backup it is blobs, so
 * that restored tasks find the code they began with wherever they go on.
 */
import { PlatformError } from "@agentcore/contract";
import type { BlobRow, BlobStore, StorePages, StoreRow } from "@agentcore/core/ports";
import { z } from "zod";
import { packCode, unpackCode } from "../agents/shared-code.ts";
import { readSnapshot, storeSnapshot } from "../agents/snapshot-store.ts";

// A MiB in base64.
const PIECE_BYTES = 768 * 1024;

const Revision = z.object({
  snapshot: z.object({ hash: z.string().regex(/^[0-9a-f]{64}$/), root: z.string(), entry: z.string() }).nullable(),
});
type Snapshot = NonNullable<z.infer<typeof Revision>["snapshot"]>;

/** By tenant and hash, as revisions name them while their rows pass by. */
class NamedCode {
  readonly snapshots = new Map<string, { readonly tenantId: string; readonly snapshot: Snapshot }>();

  see(row: StoreRow): void {
    if (row.kind !== "value" || row.namespace !== "revisions") return;
    const revision = Revision.safeParse(JSON.parse(row.value));
    const snapshot = revision.data?.snapshot;
    if (snapshot === undefined || snapshot === null) return;
    this.snapshots.set(JSON.stringify([row.tenantId, snapshot.hash]), { tenantId: row.tenantId, snapshot });
  }

  of({ tenantId, hash }: BlobRow): Snapshot | undefined {
    return this.snapshots.get(JSON.stringify([tenantId, hash]))?.snapshot;
  }
}

/** After the pages, the code of all revisions that they name, from the folder. */
export async function* withCode(pages: StorePages, snapshotDirectory: string): StorePages {
  const named = new NamedCode();
  for await (const page of pages) {
    for (const row of page) named.see(row);
    yield page;
  }
  for (const { tenantId, snapshot } of named.snapshots.values()) {
    const files = await readSnapshot(snapshotDirectory, snapshot.hash);
    if (files === null) continue;
    for (const row of blobRows(tenantId, snapshot.hash, packCode(files))) yield [row];
  }
}

/** The pages without their blobs: code goes to the folder, the rest to `blobs`. Throws CONFIG_INVALID where nothing takes the rest. */
export async function* intoFolder(pages: StorePages, snapshotDirectory: string, blobs: BlobStore | null): StorePages {
  const named = new NamedCode();
  let pieces: Buffer[] = [];
  for await (const page of pages) {
    const others: StoreRow[] = [];
    for (const row of page) {
      named.see(row);
      if (row.kind !== "blob") {
        others.push(row);
        continue;
      }
      pieces.push(Buffer.from(row.bytes, "base64"));
      if (!row.isLast) continue;
      const bytes = Buffer.concat(pieces);
      pieces = [];
      const snapshot = named.of(row);
      if (snapshot !== undefined) await storeSnapshot(snapshotDirectory, snapshot, unpackCode(bytes));
      else if (blobs !== null) await blobs.put(row.tenantId, row.hash, bytes);
      else throw new PlatformError("CONFIG_INVALID", `a data folder has no place for blob ${row.hash}`);
    }
    if (others.length > 0) yield others;
  }
}

function* blobRows(tenantId: string, hash: string, bytes: Buffer): Generator<BlobRow, void> {
  for (let at = 0; at === 0 || at < bytes.byteLength; at += PIECE_BYTES) {
    const piece = bytes.subarray(at, at + PIECE_BYTES);
    yield {
      kind: "blob",
      tenantId,
      hash,
      bytes: piece.toString("base64"),
      isLast: at + PIECE_BYTES >= bytes.byteLength,
    };
  }
}
