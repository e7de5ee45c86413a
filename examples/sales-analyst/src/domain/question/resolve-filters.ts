import type { IntentFilter, Measure } from "../intent.ts";
import type { Problem } from "./problem.ts";
import { ambiguous } from "./problem.ts";
import type { Sentence } from "./sentence.ts";

/** Names in the question become filters: several of one kind are summed, those behind "except" are left out. */
export function resolveFilters(sentence: Sentence, measure: Measure): IntentFilter[] | Problem {
  const excluded = new Set<number>();
  for (const { at } of sentence.open("exclude")) {
    const behind = excludedBehind(sentence, at);
    if (behind.length === 0) return ambiguous("it is not clear what to leave out");
    for (const position of behind) excluded.add(position);
    sentence.use(at);
    const fields = new Set(behind.map((position) => sentence.at(position, "value")?.field));
    const namesFollow = sentence.open("value").some((value) => value.at > at && !excluded.has(value.at));
    if (fields.size > 1 || namesFollow)
      return ambiguous("it is not clear how far the exception reaches; name the exception last, of one kind");
  }

  const filters = new Map<string, IntentFilter>();
  for (const { at, element } of sentence.open("value")) {
    const mode = excluded.has(at) ? "notIn" : "in";
    const known = filters.get(element.field + mode);
    filters.set(element.field + mode, { field: element.field, mode, values: [...(known?.values ?? []), element.name] });
    sentence.use(at);
  }

  const perOrder = measure === "orders" || measure === "customers";
  const severalGoods = [...filters.values()].some(
    ({ field, values }) => (field === "product" || field === "category") && new Set(values).size > 1,
  );
  const joined = sentence.elements.some((element) => element.kind === "join" && element.words !== "or");
  if (perOrder && severalGoods && joined)
    return ambiguous('"and" may mean both together or either; say "or" for either');
  return [...filters.values()];
}

/** The names listed right behind "except". */
function excludedBehind(sentence: Sentence, at: number): readonly number[] {
  const found: number[] = [];
  let next = sentence.after(at);
  while (sentence.at(next, "value")) {
    found.push(next);
    if (sentence.at(next + 1, "dimension") && sentence.isUsed(next + 1)) next += 1;
    const joined = sentence.at(next + 1, "join");
    next = joined ? sentence.after(next + 1) : next + 1;
  }
  return found;
}
