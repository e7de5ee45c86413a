/**
 * What waits in a mailbox, in its order: asked for by each process of all the tasks it holds, again and again, and by each reading of
 * a mailbox, however much of it was taken in before.
 */
export const WAITING_MAIL = `
create index mailbox_waiting on mailbox (task, position) where not consumed;
`;
