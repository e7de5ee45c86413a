import { isDecision, MAX_MAIL_BYTES, type MailboxKind } from "../ports/task-store.ts";

/**
 * Which of the items that wait, in order of arrival, one reading brings. `read`: bytes that it has brought before, of other tasks;
 * the first of all that is no decision is brought however large.
 */
export const chooseMail = <Item extends { readonly kind: MailboxKind; readonly bytes: number }>(
  waiting: readonly Item[],
  read = 0,
): { readonly chosen: readonly Item[]; readonly bytes: number } => {
  let bytes = read;
  const chosen = waiting.filter((item) => {
    // Small, and not counted: what does not fit beside them must not wait for their end.
    if (isDecision(item.kind)) return true;
    const fits = bytes === 0 || bytes + item.bytes <= MAX_MAIL_BYTES;
    // What comes after one that did not fit is left too: the order is kept.
    bytes += item.bytes;
    return fits;
  });
  return { chosen, bytes };
};
