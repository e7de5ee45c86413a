/**
 * A task is found by one expression of tenant and id, which no other index serves: with two columns the planner is free to take any
 * index that begins with the tenant, and does while it knows nothing of the table. Identifiers never hold this separator, since
 * their backslashes are doubled (escape-text.ts).
 */
export const TASK_KEY = `
create unique index heads_key on heads ((tenant_id || '\\t' || task_id));
alter table heads drop constraint heads_tenant_id_task_id_key;
`;
