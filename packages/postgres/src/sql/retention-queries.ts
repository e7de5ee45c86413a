/**
 * What retention looks at, oldest first: $1 tenant, $2 before, $3 and $4 the row before the page, $5 the most rows. Each condition
 * on the state is spelled as in the partial index it goes along (0007).
 */
const ENDED = "('completed', 'failed', 'canceled', 'rejected')";
const OPEN = "('submitted', 'working', 'input-required', 'auth-required', 'parked')";

export const REMOVABLE = `select h.*, h.updated_at as at from heads h
  where h.tenant_id = $1 and h.state in ${ENDED} and h.updated_at < $2
    and (h.updated_at, h.task_id collate "C") > ($3::bigint, $4)
    and not exists (select from heads p where p.tenant_id || '\\t' || p.task_id = h.tenant_id || '\\t' || h.parent_task_id
      and p.state in ${OPEN})
  order by h.updated_at, h.task_id collate "C" limit $5`;

export const FOLDABLE = `select * from (
    (select *, created_at as at from heads where tenant_id = $1 and state in ${ENDED} and not folded and seq > 1
      and created_at < $2 and updated_at < $2 and (created_at, task_id collate "C") > ($3::bigint, $4)
    order by created_at, task_id collate "C" limit $5)
    union all (select *, created_at as at from heads where tenant_id = $1 and state in ${OPEN} and checkpoint_seq > floor + 1
      and created_at < $2 and (created_at, task_id collate "C") > ($3::bigint, $4)
    order by created_at, task_id collate "C" limit $5)
  ) found order by at, task_id collate "C" limit $5`;
