/**
 * How many tasks of a tenant or an agent are leased, where that is limited; the tasks of one worker, which are asked for
 * seldom, are found along the same index. And claims by an earlier signature, which knew no limits.
 */
export const LEASED = `
drop index heads_leased;
create index heads_leased on heads (tenant_id, agent, leased_by) where leased_by is not null;
drop function if exists claim_tasks(bigint, integer, bigint, jsonb, integer, text);
`;
