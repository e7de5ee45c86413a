import { foldName } from "./person-name.ts";
import { type SanctionsEntry, sanctionsList } from "./sanctions-list.ts";
import type { ScreeningAnswer, ScreeningRequest } from "./screening.ts";

/** Names at least this alike are a match: one or two letters in a name of usual length may differ. */
export const matchFrom = 0.85;

/** The service's own rule. A second compliance agent can apply it to a local copy when the service is away. */
export function screenAgainstList(
  request: ScreeningRequest,
  list: readonly SanctionsEntry[] = sanctionsList,
): ScreeningAnswer {
  let best: { entry: SanctionsEntry; score: number } | undefined;
  for (const entry of list) {
    const score = Math.max(...[entry.name, ...entry.aliases].map((name) => nameLikeness(request.name, name)));
    if (!best || score > best.score) best = { entry, score };
  }
  const score = Math.round((best?.score ?? 0) * 1000) / 1000;
  if (!best || score < matchFrom) return { match: false, score };
  const { list: listName, name, dateOfBirth } = best.entry;
  return {
    match: true,
    score,
    list: listName,
    entry: name,
    ...(dateOfBirth && request.dateOfBirth ? { dateOfBirthMatches: dateOfBirth === request.dateOfBirth } : {}),
  };
}

/** 1 for equal names in any order and spelling of accents, less by each letter that differs. */
export function nameLikeness(left: string, right: string): number {
  const sorted = (name: string) => foldName(name).split(" ").sort().join(" ");
  const [a, b] = [sorted(left), sorted(right)];
  const longest = Math.max(a.length, b.length);
  return longest === 0 ? 0 : 1 - editDistance(a, b) / longest;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const current = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const swap = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(swap, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
