import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { CommitUnit, TaskStore } from "@agentcore/core/ports";
import { type Benchmark, judge } from "../benchmark.ts";
import { openWorld } from "../engine.ts";
import { measurePairs, time } from "../measure.ts";
import { loadPeer } from "../peer.ts";
import { withFolder } from "../scratch.ts";
import { runTenSteps, STEPS, tenSteps } from "../steps.ts";

const TASKS = 200;

interface EventRow {
  readonly seq: number;
  readonly type: string;
  readonly at: number;
  readonly data: string;
}

interface Unit {
  readonly task: Readonly<Record<string, unknown>>;
  readonly creates: boolean;
  readonly ends: boolean;
  readonly events: readonly EventRow[];
}

interface DirectPeer {
  write(batches: readonly (readonly Unit[])[], run: string): void;
  countEvents(): number;
  close(): void;
}

export const benchmark: Benchmark = {
  name: "durable-steps-direct-sql",
  what: `durable steps/s, ${TASKS} tasks at once x ${STEPS} steps of 1 KB, against node:sqlite writing the same rows in the same batches`,
  unit: "steps/s",
  floor: { of: "ratio", atLeast: 0.25 },
  run: () =>
    withFolder(async (folder) => {
      const { schema, batches } = await recordRows(join(folder, "recorded"));
      const { openDirect } = await loadPeer<{ openDirect(file: string, schema: readonly string[]): DirectPeer }>(
        "direct-sql",
      );
      const direct = openDirect(join(folder, "direct.db"), schema);
      const world = await openWorld({ directory: join(folder, "ours"), agents: [tenSteps()] });
      const perSecond = (ms: number): number => (TASKS * STEPS * 1000) / ms;
      let runs = 0;
      const ours = async (): Promise<number> => perSecond(await runTenSteps(world, TASKS));
      const peer = async (): Promise<number> => perSecond(await time(() => direct.write(batches, `${++runs}-`)));
      await ours();
      await peer();
      const measured = await measurePairs(ours, peer);
      const events = batches.flat().reduce((sum, unit) => sum + unit.events.length, 0);
      const written = direct.countEvents();
      direct.close();
      await world.close();
      return judge(
        benchmark,
        measured,
        [
          measured.spread,
          `a run is ${batches.length} transactions, ${batches.flat().length} units, ${events} event rows, as our engine asked for them`,
          "both: node:sqlite, WAL, synchronous=FULL, exclusive lock, 64 MiB cache",
          "direct SQL runs in the main thread with its JSON made beforehand; ours serialises, crosses to the writer's thread and back",
        ],
        written === events * runs,
      );
    }),
};

/** One run of ours, with what it wrote and in which transactions. */
const recordRows = async (
  directory: string,
): Promise<{ readonly schema: readonly string[]; readonly batches: readonly (readonly Unit[])[] }> => {
  const recorded: (readonly { readonly taskId: string; readonly creates: boolean; readonly events: number }[])[] = [];
  const wrapStore = (store: TaskStore): TaskStore =>
    Object.assign(Object.create(store) as TaskStore, {
      commit: (units: readonly CommitUnit[]) => {
        recorded.push(units.map(shapeOf));
        return store.commit(units);
      },
    });
  const world = await openWorld({ directory, agents: [tenSteps()], wrapStore });
  await runTenSteps(world, TASKS);
  await world.close();

  const database = new DatabaseSync(join(directory, "agentcore.db"), { readOnly: true });
  const schema = database
    .prepare("select sql from sqlite_master where sql is not null and name not like 'sqlite_%'")
    .all();
  const heads = new Map(
    database
      .prepare("select * from heads")
      .all()
      .map((row) => [String(row["task_id"]), row]),
  );
  const events = database.prepare("select seq, type, at, data from events where task = ? order by seq");
  const left = new Map(
    [...heads].map(([taskId, head]) => [taskId, events.all(head["id"] ?? null) as unknown as EventRow[]]),
  );
  const batches = recorded.map((batch) =>
    batch.map(({ taskId, creates, events: count }): Unit => {
      const head = heads.get(taskId);
      const rows = left.get(taskId);
      if (head === undefined || rows === undefined) throw new Error(`task ${taskId} was committed and is not there`);
      const own = rows.splice(0, count);
      return { task: taskOf(head), creates, ends: rows.length === 0, events: own };
    }),
  );
  database.close();
  return { schema: schema.map((row) => String(row["sql"])), batches };
};

const shapeOf = (unit: CommitUnit): { readonly taskId: string; readonly creates: boolean; readonly events: number } => {
  const created = unit.create?.[0];
  if (created !== undefined && unit.append === undefined) {
    return { taskId: created.taskId, creates: true, events: created.events.length };
  }
  return { taskId: unit.taskId ?? "", creates: false, events: unit.append?.events.length ?? 0 };
};

const taskOf = (head: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => ({
  tenantId: head["tenant_id"],
  taskId: head["task_id"],
  agent: head["agent"],
  revision: head["revision"],
  contextId: head["context_id"],
  caller: head["caller"],
  createdAt: head["created_at"],
  updatedAt: head["updated_at"],
});
