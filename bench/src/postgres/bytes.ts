/** Bytes that a durable step costs on PostgreSQL, ours against one peer. */
import { type Benchmark, type Floor, judge } from "../benchmark.ts";
import { format, measurePairs, PAIRS } from "../measure.ts";
import { STEPS } from "../steps.ts";
import { query, storedBytes, walPosition } from "./server.ts";
import type { RunnerName, StepRunner } from "./step-runner.ts";
import { describeRunners, TASKS, withRunners } from "./steps-at-once.ts";

export interface BytesOptions {
  readonly name: string;
  readonly peer: RunnerName;
  readonly title: string;
  readonly floor: Floor | null;
}

const SETTING = `${TASKS} tasks at once x ${STEPS} steps of 1 KB`;

export const storedBytesAgainst = ({ name, peer: peerName, title, floor }: BytesOptions): Benchmark => {
  const benchmark: Benchmark = {
    name,
    what: `bytes in PostgreSQL's tables and indexes a durable step, ${SETTING}, against ${title}`,
    unit: "bytes/step",
    floor,
    run: () =>
      withRunners(peerName, async (ours, peer) => {
        const growth = async (runner: StepRunner): Promise<number> => {
          const before = await storedBytes(runner.url);
          await runner.run(TASKS, STEPS);
          return ((await storedBytes(runner.url)) - before) / (TASKS * STEPS);
        };
        const emptyOurs = await storedBytes(ours.url);
        const emptyPeer = await storedBytes(peer.url);
        const firstOurs = await growth(ours);
        const firstPeer = await growth(peer);
        const measured = await measurePairs(
          () => growth(ours),
          () => growth(peer),
        );
        const overall = async (runner: StepRunner, empty: number): Promise<string> =>
          format(((await storedBytes(runner.url)) - empty) / runner.recorded);
        return judge(benchmark, measured, [
          measured.spread,
          "pg_total_relation_size of all tables after VACUUM, indexes and large values included, growth by one run; results do not compress",
          `the first run in an empty database, not counted above: ${format(firstOurs)} against ${format(firstPeer)}; all ${PAIRS + 1} runs together: ${await overall(ours, emptyOurs)} against ${await overall(peer, emptyPeer)}`,
          `of it the results themselves: 1,024 bytes; our largest: ${await largestRelations(ours)}; the peer's: ${await largestRelations(peer)}`,
          ...(await describeRunners(ours, peer)),
        ]);
      }),
  };
  return benchmark;
};

export const walBytesAgainst = ({ name, peer: peerName, title, floor }: BytesOptions): Benchmark => {
  const benchmark: Benchmark = {
    name,
    what: `bytes of write-ahead log a durable step, ${SETTING}, against ${title}`,
    unit: "bytes/step",
    floor,
    run: () =>
      withRunners(peerName, async (ours, peer) => {
        const written = async (runner: StepRunner): Promise<number> => {
          const before = await walPosition(runner.url);
          await runner.run(TASKS, STEPS);
          return ((await walPosition(runner.url)) - before) / (TASKS * STEPS);
        };
        // After a checkpoint the first change of a page writes all of it: one round each takes most of that away.
        await query(ours.url, "checkpoint");
        await written(ours);
        await written(peer);
        const measured = await measurePairs(
          () => written(ours),
          () => written(peer),
        );
        return judge(benchmark, measured, [
          measured.spread,
          "pg_current_wal_lsn before and after a run, no checkpoint in between; the other side is idle then, but its own polling counts",
          ...(await describeRunners(ours, peer)),
        ]);
      }),
  };
  return benchmark;
};

const largestRelations = async ({ url, recorded }: StepRunner): Promise<string> => {
  const rows = await query<{ name: string; bytes: string }>(
    url,
    `select c.relname as name, pg_relation_size(c.oid) as bytes from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname <> 'information_schema' and n.nspname not like 'pg\\_%' order by 2 desc limit 6`,
  );
  return rows.map(({ name, bytes }) => `${name} ${format(Math.round(Number(bytes) / recorded))}`).join(", ");
};
