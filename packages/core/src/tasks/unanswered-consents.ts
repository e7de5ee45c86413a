/** Consent that a task has asked for and nobody has answered, in its log: a fork asks for it anew, by a link of its own. Pure. */
import type { NewTaskEvent } from "@agentcore/contract";
import type { ConsentNeeded } from "../ports/index.ts";

/** Of `ctx.waitForAuthorization`. */
export const consentName = (manifest: string): string => `tools/${manifest}`;
/** Of the step that looks whether consent came by way of another task. */
export const lookName = (manifest: string): string => `look for consent to ${manifest}`;

/** What an error says, also one that a log has told. */
export const consentNeededIn = (error: {
  readonly code: string;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
}): ConsentNeeded | null =>
  error.code === "UNAUTHENTICATED" ? ((error.details?.["consent"] as ConsentNeeded | undefined) ?? null) : null;

/** `events` without what was looked for in vain, and with the mark that makes the calls again which had nobody answer for them. */
export const askedAnew = <Event extends NewTaskEvent>(events: readonly Event[]): Event[] => {
  const answered = new Map<string, number>();
  for (const [index, event] of events.entries()) {
    const path = settledPath(event);
    if (path !== null) answered.set(stemOf(path), index);
  }
  const isOpen = (manifest: string, index: number): boolean =>
    index > (answered.get(`authorization:${consentName(manifest)}`) ?? -1);
  const looks = new Map<string, number>();
  const marked = events.map((event, index): Event => {
    if (event.type !== "step.failed" || event.data.retryAt !== undefined) return event;
    const consent = consentNeededIn(event.data.error);
    if (consent === null || !isOpen(consent.manifest, index)) return event;
    const look = `step:${lookName(consent.manifest)}`;
    if (!looks.has(look)) looks.set(look, index);
    const details = { ...event.data.error.details, consent: { ...consent, askAnew: true } satisfies ConsentNeeded };
    return { ...event, data: { ...event.data, error: { ...event.data.error, details } } };
  });
  return marked.filter((event, index) => {
    if (!("path" in event.data) || typeof event.data.path !== "string") return true;
    return index < (looks.get(stemOf(event.data.path)) ?? Number.POSITIVE_INFINITY);
  });
};

const settledPath = (event: NewTaskEvent): string | null =>
  event.type === "step.completed" || (event.type === "step.failed" && event.data.retryAt === undefined)
    ? event.data.path
    : null;

const stemOf = (path: string): string => path.replace(/#\d+$/, "");
