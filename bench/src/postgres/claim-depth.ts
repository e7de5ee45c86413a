/** Time of a claim with many tasks waiting, against the same claim with few. */
import type { StoredEvent, TaskStore } from "@agentcore/core/ports";
import { openPostgres } from "@agentcore/postgres";
import { type Benchmark, judge } from "../benchmark.ts";
import { format, measurePairs, median, time } from "../measure.ts";
import { describeServer, query, withDatabase } from "./server.ts";

export const FEW = 1_000;
export const MANY = 1_000_000;

const TENANTS = 10;
const AGENTS = 10;
const CLAIMED = 32;
// What the engine asks for when all of its slots are free.
const ENGINE_BATCH = 200;
// The default `concurrency` of an agent.
const SLOTS_OF_AGENT = 100;
const CLAIMS = 20;
const HOUR_MS = 3_600_000;

const COLUMNS = `tenant_id, task_id, agent, revision, context_id, caller, state, seq, checkpoint_seq, token, due_at, priority, attempts,
  created_at, updated_at, exclusive`;

/** Tenants, agents and priorities in turn; due within the hour before, or within the one that begins tomorrow. */
const FILL = `insert into agentcore.heads (${COLUMNS})
  select 'tenant-' || i % ${TENANTS}, 'task-' || i, 'agent-' || i / ${TENANTS} % ${AGENTS}, 'r1', 'context-' || i, 'bench', 'submitted', 1, 0, 0,
    case when i < $2 then $3::bigint - (i::bigint * 7919) % ${HOUR_MS} else $3::bigint + 24 * ${HOUR_MS}::bigint + (i::bigint * 7919) % ${HOUR_MS} end,
    i / ${TENANTS * AGENTS} % 4, 0, $3, $3, false
  from generate_series(0, $1::integer - 1) i`;

/** What was claimed has ended, and as much of the same kind has come in: the depth stays. */
const REPLACE = `with ended as (
    update agentcore.heads set state = 'completed', leased_by = null, due_at = null where leased_by is not null returning *
  )
  insert into agentcore.heads (${COLUMNS})
  select tenant_id, task_id || '+', agent, revision, context_id, caller, 'submitted', 1, 0, 0, $1, priority, 0, $1, $1, false from ended`;

interface Queue {
  /** Milliseconds of one claim, the median of several. */
  claim(limit: number): Promise<number>;
  readonly store: TaskStore<StoredEvent>;
}

export interface DepthOptions {
  readonly name: string;
  readonly what: string;
  /** Of the many; the rest is due tomorrow. */
  readonly due: number;
}

export const claimDepth = ({ name, what, due }: DepthOptions): Benchmark => {
  const benchmark: Benchmark = {
    name,
    what,
    unit: "ms/claim",
    floor: { of: "ratio", atMost: 2 },
    run: () =>
      withQueue("few", FEW, FEW, (few) =>
        withQueue("many", MANY, due, async (many) => {
          const measure = (limit: number) =>
            measurePairs(
              () => many.claim(limit),
              () => few.claim(limit),
            );
          await many.claim(CLAIMED);
          await few.claim(CLAIMED);
          const measured = await measure(CLAIMED);
          const batch = await measure(ENGINE_BATCH);
          return judge(benchmark, measured, [
            measured.spread,
            `each the median of ${CLAIMS} claims of ${CLAIMED} through the store, mail read; ${TENANTS} tenants x ${AGENTS} agents with ${SLOTS_OF_AGENT} free slots each, 4 priorities in turn; what was claimed is replaced by new work`,
            `claims of ${ENGINE_BATCH}, an idle engine's: ${format(batch.ours)} against ${format(batch.peer ?? 0)} ms, ${format(batch.ratio ?? 0)}x`,
            `beside it, ${MANY.toLocaleString("en-US")} against ${FEW.toLocaleString("en-US")} rows: the next due time ${await compare(many, few, ({ store }) => store.nextDue())}; the backlog, counted for admission, ${await compare(many, few, ({ store }) => store.backlog())}`,
            "both sides ours, a database each; fresh statistics (vacuum analyze) before",
            await describeServer(),
          ]);
        }),
      ),
  };
  return benchmark;
};

const compare = async (many: Queue, few: Queue, work: (queue: Queue) => Promise<unknown>): Promise<string> => {
  const measured = await measurePairs(
    () => time(() => work(many)),
    () => time(() => work(few)),
  );
  return `${format(measured.ours)} against ${format(measured.peer ?? 0)} ms`;
};

const withQueue = <T>(name: string, rows: number, due: number, work: (queue: Queue) => Promise<T>): Promise<T> =>
  withDatabase(name, async (url) => {
    const { tasks: store, close } = await openPostgres({ url, node: "bench", leaseMs: HOUR_MS });
    try {
      await query(url, FILL, [rows, due, Date.now()]);
      await query(url, "vacuum analyze");
      await query(url, "checkpoint");
      return await work({ store, claim: (limit) => medianClaim(store, url, limit) });
    } finally {
      await close();
    }
  });

const slots = new Map(
  Array.from({ length: TENANTS * AGENTS }, (_, index) => [
    `tenant-${index % TENANTS}/agent-${Math.floor(index / TENANTS)}`,
    SLOTS_OF_AGENT,
  ]),
);

const medianClaim = async (store: TaskStore<StoredEvent>, url: string, limit: number): Promise<number> => {
  const times: number[] = [];
  for (let claim = 0; claim < CLAIMS; claim++) {
    let claimed = 0;
    times.push(
      await time(async () => {
        claimed = (await store.claim({ limit, now: Date.now(), slots, otherSlots: 1 })).length;
      }),
    );
    if (claimed !== limit) throw new Error(`${claimed} tasks were claimed instead of ${limit}`);
    await query(url, REPLACE, [Date.now()]);
  }
  return median(times);
};
