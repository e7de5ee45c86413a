/** The PostgreSQL of one run: everyone measured has a database of its own on it. */
import pg from "pg";

/** Started by `npm run bench`, unless the variable names one whose user may create databases. */
const serverUrl = (): string => {
  const url = process.env["BENCH_POSTGRES_URL"];
  if (url === undefined) throw new Error("no PostgreSQL: install it, or set BENCH_POSTGRES_URL");
  return url;
};

export const query = async <Row extends pg.QueryResultRow>(
  url: string,
  text: string,
  values: readonly unknown[] = [],
): Promise<Row[]> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(text, [...values])).rows;
  } finally {
    await client.end();
  }
};

/** Works with the address of a fresh, empty database, which is gone afterwards. */
export const withDatabase = async <T>(name: string, work: (url: string) => Promise<T>): Promise<T> => {
  const server = serverUrl();
  const database = `bench_${name}_${process.pid}`;
  await query(server, `drop database if exists ${database} with (force)`);
  await query(server, `create database ${database}`);
  const url = new URL(server);
  url.pathname = `/${database}`;
  try {
    return await work(url.href);
  } finally {
    await query(server, `drop database if exists ${database} with (force)`);
  }
};

const SETTINGS = ["fsync", "synchronous_commit", "full_page_writes", "wal_level", "shared_buffers", "max_wal_size"];

/** Version and what decides what a commit costs. */
export const describeServer = async (): Promise<string> => {
  const server = serverUrl();
  const [version] = await query<{ server_version: string }>(server, "show server_version");
  const settings = await query<{ name: string; value: string }>(
    server,
    "select name, current_setting(name) as value from unnest($1::text[]) name",
    [SETTINGS],
  );
  const said = settings.map(({ name, value }) => `${name}=${value}`).join(" ");
  return `PostgreSQL ${version?.server_version}, the same for all, a database each: ${said}`;
};

/** Bytes of all tables with their indexes and large values, once dead rows are gone. */
export const storedBytes = async (url: string): Promise<number> => {
  await query(url, "vacuum");
  const [row] = await query<{ bytes: string }>(
    url,
    `select sum(pg_total_relation_size(c.oid)) as bytes from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'm', 'S') and n.nspname <> 'information_schema' and n.nspname not like 'pg\\_%'`,
  );
  return Number(row?.bytes);
};

/** Bytes of write-ahead log since the server began; others' writes count too. */
export const walPosition = async (url: string): Promise<number> => {
  const [row] = await query<{ bytes: string }>(url, "select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') as bytes");
  return Number(row?.bytes);
};
