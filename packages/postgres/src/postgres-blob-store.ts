import { PlatformError } from "@agentcore/contract";
import type { BlobStore } from "@agentcore/core/ports";
import type { Database } from "./database.ts";
import { escapeText } from "./escape-text.ts";

const MAX_BYTES = 256 * 1024 * 1024;

export class PostgresBlobStore implements BlobStore {
  private readonly database: Database;

  constructor(database: Database) {
    this.database = database;
  }

  async put(tenantId: string, hash: string, bytes: Uint8Array): Promise<void> {
    if (bytes.byteLength > MAX_BYTES)
      throw new PlatformError("TOO_LARGE", `a blob has ${bytes.byteLength} bytes, ${MAX_BYTES} are allowed`);
    await this.database.query(
      "put-blob",
      "insert into blobs (tenant_id, hash, bytes) values ($1, $2, $3) on conflict do nothing",
      [escapeText(tenantId), escapeText(hash), Buffer.from(bytes)],
    );
  }

  async get(tenantId: string, hash: string): Promise<Uint8Array | null> {
    const [row] = await this.database.query<{ bytes: Buffer }>(
      "get-blob",
      "select bytes from blobs where tenant_id = $1 and hash = $2",
      [escapeText(tenantId), escapeText(hash)],
    );
    return row === undefined ? null : new Uint8Array(row.bytes);
  }

  async delete(tenantId: string, hash: string): Promise<boolean> {
    const rows = await this.database.query(
      "delete-blob",
      "delete from blobs where tenant_id = $1 and hash = $2 returning hash",
      [escapeText(tenantId), escapeText(hash)],
    );
    return rows.length > 0;
  }
}
