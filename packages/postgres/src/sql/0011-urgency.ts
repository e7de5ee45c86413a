/**
 * What waits lies in the order in which it is claimed: by its due time, a level of priority counting as a minute
 * (`PRIORITY_STEP_MS`). So a claim looks at one place of a queue, not at one for each priority.
 */
export const URGENCY = `
drop index heads_claimable;
create index heads_claimable on heads (tenant_id, agent, (due_at - priority * 60000::bigint), id)
  where leased_by is null and due_at is not null;
`;
