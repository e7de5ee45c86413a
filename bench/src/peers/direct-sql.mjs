/**
 * The rows our engine wrote, written again by plain node:sqlite: same tables and indexes, same settings, same rows in the
 * same transactions; no JSON to make, no thread to cross, no code of ours.
 */
import { DatabaseSync } from "node:sqlite";

export const openDirect = (file, schema) => {
  const database = new DatabaseSync(file);
  database.exec(`pragma locking_mode = exclusive; pragma journal_mode = wal; pragma synchronous = full;
    pragma temp_store = memory; pragma cache_size = -65536; pragma wal_autocheckpoint = 8192;`);
  for (const statement of schema) database.exec(statement);
  const insertHead = database.prepare(
    `insert into heads (tenant_id, task_id, agent, revision, context_id, caller, state, seq, checkpoint_seq, token, leased,
      due_at, priority, attempts, deadline, parent_task_id, parent_path, created_at, updated_at)
      values (?, ?, ?, ?, ?, ?, ?, ?, 0, 1, 1, null, 1, 1, null, null, null, ?, ?) returning id`,
  );
  const advance = database.prepare(
    "update heads set seq = seq + ?, attempts = 0 where tenant_id = ? and task_id = ? and state = ? returning id",
  );
  const finish = database.prepare(
    `update heads set seq = seq + ?, state = ?, leased = 0, due_at = null, attempts = 0, updated_at = ?
      where tenant_id = ? and task_id = ? returning id`,
  );
  const insertEvent = database.prepare("insert into events (task, seq, type, at, data) values (?, ?, ?, ?, ?)");

  const writeHead = (task, unit) => {
    if (unit.creates) {
      return insertHead.get(
        task.tenantId,
        task.taskId,
        task.agent,
        task.revision,
        task.contextId,
        task.caller,
        "working",
        unit.events.length,
        task.createdAt,
        task.createdAt,
      ).id;
    }
    const after = unit.events.length;
    if (unit.ends) return finish.get(after, "completed", task.updatedAt, task.tenantId, task.taskId).id;
    return advance.get(after, task.tenantId, task.taskId, "working").id;
  };

  return {
    /** `run` makes the task ids differ from one time to the next. */
    write(batches, run) {
      for (const batch of batches) {
        database.exec("begin immediate");
        for (const unit of batch) {
          const head = writeHead({ ...unit.task, taskId: run + unit.task.taskId }, unit);
          for (const event of unit.events) insertEvent.run(head, event.seq, event.type, event.at, event.data);
        }
        database.exec("commit");
      }
    },
    countEvents: () => database.prepare("select count(*) as n from events").get().n,
    close: () => database.close(),
  };
};
