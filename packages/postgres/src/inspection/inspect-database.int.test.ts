import pg from "pg";
import { afterEach, beforeEach, expect, onTestFinished } from "vitest";
import { startOwnPostgres } from "../../../../scripts/services.mjs";
import { newSchema, test, url } from "../../test/schema.ts";
import { openPostgres } from "../index.ts";
import { NEWEST } from "../migrations.ts";
import { inspectDatabase } from "./inspect-database.ts";

let own: ReturnType<typeof newSchema>;
beforeEach(() => {
  own = newSchema();
});
afterEach(() => own.drop());

const query = async (text: string): Promise<readonly Readonly<Record<string, unknown>>[]> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`set search_path = ${own.schema}`);
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
};

const migrated = async (): Promise<void> => (await openPostgres({ url, node: "x", schema: own.schema })).close();

/** `status: detail` of one check. */
const findings = async (check: string, as = url) =>
  (await inspectDatabase({ url: as, schema: own.schema }))
    .filter((finding) => finding.check === check)
    .map(({ status, detail }) => `${status}: ${detail}`);

test("a schema that nodes have made has no drift, and looking leaves nothing behind", async () => {
  const schemas = "select nspname from pg_namespace where nspname not like 'pg_%' order by 1";
  await migrated();
  const before = await query(schemas);
  expect(await findings("schema drift")).toEqual(["ok: none: it is as this version makes it"]);
  expect(await findings("schema")).toEqual([`ok: ${own.schema} has version ${NEWEST}`]);
  expect(await findings("database")).toEqual([
    expect.stringMatching(/^ok: PostgreSQL \d+.*, database postgres, as postgres$/),
  ]);
  expect(await findings("pgvector")).toHaveLength(1);
  expect(await query(schemas)).toEqual(before);
});

const CHANGES: readonly (readonly [what: string, statement: string, expected: readonly unknown[]])[] = [
  [
    "an index that is gone",
    "drop index heads_due",
    [
      expect.stringMatching(
        /^fail: index heads_due is missing: CREATE INDEX heads_due ON heads .*WHERE leased_by IS NULL/,
      ),
    ],
  ],
  [
    "an index of another kind",
    "drop index heads_due; create index heads_due on heads (due_at)",
    [expect.stringMatching(/^fail: index heads_due is changed: .*\(due_at\)", should be .*WHERE leased_by IS NULL/)],
  ],
  [
    "a column of another type",
    "alter table heads alter column attempts type bigint",
    ['fail: column heads.attempts is changed: "bigint not null", should be "integer not null"'],
  ],
  [
    "a column that may be null",
    "alter table outbox alter column payload drop not null",
    ['fail: column outbox.payload is changed: "text", should be "text not null"'],
  ],
  [
    "a default that is gone",
    "alter table mailbox alter column consumed drop default",
    ['fail: column mailbox.consumed is changed: "boolean not null", should be "boolean not null default false"'],
  ],
  [
    "another order of text",
    'alter table key_values alter column key type text collate "POSIX"',
    [expect.stringContaining("column key_values.key is changed")],
  ],
  [
    "a constraint that is gone",
    "alter table events drop constraint events_pkey",
    ["fail: constraint events.events_pkey is missing: PRIMARY KEY (task, seq)"],
  ],
  [
    "the column that comes with pgvector",
    "alter table vectors add column direction real[] generated always as (embedding) stored",
    ["ok: none: it is as this version makes it"],
  ],
  ["a table that is gone", "drop table blobs", ["fail: table blobs is missing"]],
  [
    "room in pages",
    "alter table heads reset (fillfactor)",
    ['fail: table heads is changed: "with", should be "with fillfactor=70"'],
  ],
  [
    "a sequence",
    "alter sequence key_value_versions cycle",
    [expect.stringMatching(/^fail: sequence key_value_versions is changed.* cycle"/)],
  ],
  [
    "an edited function",
    `do $do$ begin execute replace(pg_get_functiondef('take_outbox'::regproc), 'for update skip locked', 'for update'); end $do$`,
    [
      expect.stringMatching(
        /^fail: function take_outbox\(.*\) is changed in line \d+: "for update", should be "for update skip locked"$/,
      ),
    ],
  ],
  ["a function that is gone", "drop function is_terminal(text)", ["fail: function is_terminal(state text) is missing"]],
  [
    "what is somebody else's",
    "create table notes (id int); create index notes_of_heads on heads (caller)",
    [
      "ok: none: it is as this version makes it",
      "ok: table notes is not of AgentCore",
      "ok: index notes_of_heads is not of AgentCore",
    ],
  ],
];

for (const [what, statement, expected] of CHANGES)
  test(`drift: ${what}`, async () => {
    await migrated();
    await query(statement);
    expect(await findings("schema drift")).toEqual(expected);
  });

test("functions that an earlier version defined are no failure: the next start replaces them", async () => {
  await migrated();
  await query("drop function take_outbox(bigint, integer, bigint)");
  await query("update functions set digest = 'of an earlier version'");
  expect(await findings("schema drift")).toEqual([expect.stringMatching(/^warn: function take_outbox.* is missing$/)]);
  await migrated();
  expect(await findings("schema drift")).toEqual(["ok: none: it is as this version makes it"]);
});

test("a schema that is not there, that is empty, that is older and that is newer", async () => {
  expect(await findings("schema")).toEqual([`ok: ${own.schema} is not there yet; the first node that starts makes it`]);
  await query(`create schema ${own.schema}`);
  expect(await findings("schema")).toEqual([
    `ok: ${own.schema} has no tables yet; the first node that starts makes them`,
  ]);
  await migrated();
  await query("delete from migrations where number > 1");
  expect(await findings("schema")).toEqual([`warn: ${own.schema} has version 1, this AgentCore makes it ${NEWEST}`]);
  await query("insert into migrations values (99)");
  expect(await findings("schema")).toEqual([`fail: ${own.schema} has version 99, this AgentCore knows ${NEWEST}`]);
  expect(await findings("schema drift")).toEqual([]);
});

test("rights that are missing are named; without the right to create, drift is not checked and that is said", async () => {
  await migrated();
  const role = `reader_${own.schema}`;
  const name = new URL(url).pathname.slice(1);
  await query(`create role ${role} login`);
  const as = Object.assign(new URL(url), { username: role }).href;
  try {
    expect(await findings("schema", as)).toEqual([`fail: no right to use the schema ${own.schema}`]);
    await query(`grant usage on schema ${own.schema} to ${role}`);
    await query(`grant select, insert, update, delete on all tables in schema ${own.schema} to ${role}`);
    await query(`revoke update on heads from ${role}`);
    expect(await findings("schema", as)).toEqual(["fail: no right to update on heads"]);
    await query(`grant update on heads to ${role}`);
    expect(await findings("schema", as)).toEqual([`ok: ${own.schema} has version ${NEWEST}`]);
    expect(await findings("schema drift", as)).toEqual([
      "warn: not checked: this user may not create a schema to compare with",
    ]);
    await query(`grant create on database ${name} to ${role}`);
    expect(await findings("schema drift", as)).toEqual(["ok: none: it is as this version makes it"]);
  } finally {
    await query(`revoke create on database ${name} from ${role}`);
    await query(`drop owned by ${role}`);
    await query(`drop role ${role}`);
  }
});

test.for([
  ["on", ["ok: what is committed is on disk"]],
  ["off", ["warn: fsync is off: work that was acknowledged may be lost"]],
] as const)(
  "settings that lose what was acknowledged are a warning, with fsync %s",
  async ([fsync, found], context) => {
    const server = startOwnPostgres({ fsync });
    if (server === null) return context.skip("needs a PostgreSQL that can be started");
    onTestFinished(server.stop);
    const relaxed = new URL(server.url);
    relaxed.searchParams.set("options", "-c synchronous_commit=off");
    expect(await findings("durability", server.url)).toEqual(found);
    expect(await findings("durability", relaxed.href)).toEqual([
      ...(fsync === "off" ? found : []),
      "warn: synchronous_commit is off: work that was acknowledged may be lost",
    ]);
  },
);

test("a database that does not answer is a finding, and no password is told", async () => {
  const [finding, ...others] = await inspectDatabase({ url: "postgres://ann:secret@127.0.0.1:1/x" });
  expect([finding?.status, others]).toEqual(["fail", []]);
  expect(JSON.stringify(finding)).not.toContain("secret");
});
