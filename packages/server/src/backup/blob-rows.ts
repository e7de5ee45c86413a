/**
 * Blobs in a backup: large payloads, and agents' code. A node on a file has both in folders beside it, nodes on a database in a
 * table; in a backup all of it is rows, so that restored tasks find what they refer to, and the code they began with, wherever
 * they go on. Payloads stay sealed as they lie.
 */

import { openBlob, openValue, PAYLOADS, sealBlob } from "@agentcore/core/payloads";
import type { BlobReferenceRow, BlobRow, BlobStore, PayloadCodec, StorePages, StoreRow } from "@agentcore/core/ports";
import { z } from "zod";
import { CODE_NAMESPACE, packCode, unpackCode } from "../agents/shared-code.ts";
import { readSnapshot, storeSnapshot } from "../agents/snapshot-store.ts";
import type { MissingList } from "./missing-list.ts";
import { PresentPayloads } from "./present-payloads.ts";

/** What lies beside the file of a node without a database. */
export interface Beside {
  readonly snapshotDirectory: string;
  /** As they lie: not opened. */
  readonly blobs: BlobStore;
  /** Opens what says which code there is. */
  readonly codec: PayloadCodec;
}

// A MiB in base64.
const PIECE_BYTES = 768 * 1024;

const Revision = z.object({
  snapshot: z.object({ hash: z.string().regex(/^[0-9a-f]{64}$/), root: z.string(), entry: z.string() }).nullable(),
});
type Snapshot = NonNullable<z.infer<typeof Revision>["snapshot"]>;

/** By tenant and hash, as revisions name them while their rows pass by. */
class NamedCode {
  readonly snapshots = new Map<string, { readonly tenantId: string; readonly snapshot: Snapshot }>();
  private readonly codec: PayloadCodec;

  constructor(codec: PayloadCodec) {
    this.codec = codec;
  }

  /** Throws PAYLOAD_UNREADABLE without the key. */
  see(row: StoreRow): void {
    if (row.kind !== "value" || row.namespace !== "revisions") return;
    const value: unknown = JSON.parse(row.value);
    const revision = Revision.safeParse(openValue(this.codec, row, { key: row.key, value }));
    const snapshot = revision.data?.snapshot;
    if (snapshot === undefined || snapshot === null) return;
    this.snapshots.set(JSON.stringify([row.tenantId, snapshot.hash]), { tenantId: row.tenantId, snapshot });
  }

  of({ tenantId, name }: BlobRow): Snapshot | undefined {
    return this.snapshots.get(JSON.stringify([tenantId, name]))?.snapshot;
  }
}

/** After the pages, the large payloads, and the code of all revisions that they name. What they name and is not there goes to `missing`. */
export async function* withBlobs(
  pages: StorePages,
  { snapshotDirectory, blobs, codec }: Beside,
  missing: MissingList,
): StorePages {
  const named = new NamedCode(codec);
  const payloads = new PresentPayloads(blobs);
  let last: BlobReferenceRow | null = null;
  for await (const page of pages) {
    for (const row of page) {
      named.see(row);
      if (row.kind !== "blobReference") continue;
      // Several tasks may refer to one.
      if (last?.name === row.name && last.tenantId === row.tenantId) continue;
      last = row;
      if (!(await payloads.has(row.tenantId, row.name))) missing.add({ ...row, namespace: PAYLOADS });
    }
    yield page;
  }
  for (const tenantId of await blobs.tenants(PAYLOADS)) yield* payloadRows(tenantId, blobs);
  for (const { tenantId, snapshot } of named.snapshots.values()) {
    const of = { tenantId, namespace: CODE_NAMESPACE, name: snapshot.hash };
    const files = await readSnapshot(snapshotDirectory, snapshot.hash);
    if (files === null) missing.add(of);
    // Sealed like all the rest: the database it may go to would have it sealed.
    else for (const row of blobRows(of, Buffer.from(sealBlob(codec, of, of.name, packCode(files))))) yield [row];
  }
}

/** The pages without their blobs, which go to their folders. */
export async function* intoFolders(pages: StorePages, { snapshotDirectory, blobs, codec }: Beside): StorePages {
  const named = new NamedCode(codec);
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
      const snapshot = row.namespace === CODE_NAMESPACE ? named.of(row) : undefined;
      if (snapshot === undefined) await blobs.put(row, row.name, bytes);
      else
        await storeSnapshot(snapshotDirectory, snapshot, unpackCode(openBlob(codec, row, row.name, bytes), row.name));
    }
    if (others.length > 0) yield others;
  }
}

/** Also those that nothing refers to any more, or not yet: a sweep takes them after the restore. */
async function* payloadRows(tenantId: string, blobs: BlobStore): StorePages {
  const scope = { tenantId, namespace: PAYLOADS };
  for (let after: string | undefined; ; ) {
    const entries = await blobs.list(scope, after === undefined ? {} : { after });
    for (const { name } of entries) {
      const bytes = await blobs.get(scope, name);
      if (bytes !== null) for (const row of blobRows({ ...scope, name }, Buffer.from(bytes))) yield [row];
    }
    after = entries.at(-1)?.name;
    if (after === undefined) return;
  }
}

function* blobRows(of: Pick<BlobRow, "tenantId" | "namespace" | "name">, bytes: Buffer): Generator<BlobRow, void> {
  for (let at = 0; at === 0 || at < bytes.byteLength; at += PIECE_BYTES) {
    const piece = bytes.subarray(at, at + PIECE_BYTES).toString("base64");
    yield { kind: "blob", ...of, bytes: piece, isLast: at + PIECE_BYTES >= bytes.byteLength };
  }
}
