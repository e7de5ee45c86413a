import { checkBlob, checkBlobNamespace, MAX_BLOBS_LISTED } from "@agentcore/core/payloads";
import type { BlobEntry, BlobScope, BlobStore, Clock } from "@agentcore/core/ports";
import type { Database } from "./database.ts";
import { escapeText, unescapeText } from "./escape-text.ts";

// Bytes of a blob that is there are not sent again. A deletion and a put of one row wait for each other, and the later
// sees what the earlier did.
const REJUVENATE =
  "update blobs set put_at = greatest(put_at, $4) where tenant_id = $1 and namespace = $2 and name = $3 returning name";
const PUT = `insert into blobs (tenant_id, namespace, name, put_at, bytes) values ($1, $2, $3, $4, $5)
  on conflict (tenant_id, namespace, name) do update set put_at = greatest(blobs.put_at, excluded.put_at)`;
const GET = "select bytes from blobs where tenant_id = $1 and namespace = $2 and name = $3";
const DELETE = `delete from blobs where tenant_id = $1 and namespace = $2 and name = $3
  and ($4::bigint is null or put_at < $4) returning name`;
const LIST = `select name, put_at from blobs where tenant_id = $1 and namespace = $2 and name > $3
  and ($4::bigint is null or put_at < $4) order by name limit $5`;
const TENANTS = "select distinct tenant_id from blobs where namespace = $1 order by tenant_id";

export class PostgresBlobStore implements BlobStore {
  private readonly database: Database;
  private readonly clock: Pick<Clock, "now">;

  constructor(database: Database, clock: Pick<Clock, "now">) {
    this.database = database;
    this.clock = clock;
  }

  async put(scope: BlobScope, name: string, bytes: Uint8Array): Promise<void> {
    checkBlob(scope, name, bytes);
    const address = [...addressOf(scope), name, this.clock.now()];
    if ((await this.database.query("rejuvenate-blob", REJUVENATE, address)).length > 0) return;
    await this.database.query("put-blob", PUT, [...address, Buffer.from(bytes)]);
  }

  async get(scope: BlobScope, name: string): Promise<Uint8Array | null> {
    checkBlob(scope, name);
    const [row] = await this.database.query<{ bytes: Buffer }>("get-blob", GET, [...addressOf(scope), name]);
    return row === undefined ? null : new Uint8Array(row.bytes);
  }

  async delete(scope: BlobScope, name: string, { putBefore }: { readonly putBefore?: number } = {}): Promise<boolean> {
    checkBlob(scope, name);
    const values = [...addressOf(scope), name, putBefore ?? null];
    return (await this.database.query("delete-blob", DELETE, values)).length > 0;
  }

  async list(
    scope: BlobScope,
    options: { readonly putBefore?: number; readonly after?: string; readonly limit?: number } = {},
  ): Promise<readonly BlobEntry[]> {
    checkBlobNamespace(scope.namespace);
    const { putBefore = null, after = "", limit = MAX_BLOBS_LISTED } = options;
    const rows = await this.database.query<{ name: string; put_at: number }>("list-blobs", LIST, [
      ...[...addressOf(scope), after, putBefore, Math.min(limit, MAX_BLOBS_LISTED)],
    ]);
    return rows.map(({ name, put_at }) => ({ name, putAt: put_at }));
  }

  async tenants(namespace: string): Promise<readonly string[]> {
    checkBlobNamespace(namespace);
    const rows = await this.database.query<{ tenant_id: string }>("blob-tenants", TENANTS, [namespace]);
    return rows.map(({ tenant_id }) => unescapeText(tenant_id)).toSorted();
  }
}

const addressOf = ({ tenantId, namespace }: BlobScope): string[] => [escapeText(tenantId), namespace];
