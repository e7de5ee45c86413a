import type { Dimension, SalesIntent } from "../intent.ts";
import type { Problem } from "./problem.ts";
import { ambiguous } from "./problem.ts";
import type { Sentence } from "./sentence.ts";

export type Grouping = Pick<SalesIntent, "groupBy" | "order" | "limit">;

/** "the top customers" without a number; said again in the answer. */
const defaultListLength = 10;

/** What the answer has a row for, and whether it is a ranking. */
export function resolveGrouping(sentence: Sentence): Grouping | Problem {
  const groupBy = [...namedGroups(sentence), ...comparedGroups(sentence)];
  // "top 5 by revenue", "compare the regions by units": here "by" names the measure.
  if (sentence.has("rank") || sentence.has("compare")) {
    for (const { at } of sentence.open("per")) if (sentence.at(sentence.after(at), "measure")) sentence.use(at);
  }
  if (sentence.open("rank").length > 0) return resolveRanking(sentence, groupBy);
  if (groupBy.length > 0 && sentence.open("split").length > 0) sentence.useAll("split", "how");
  return { groupBy, order: "natural", limit: null };
}

/** "by region", "per product and month", "monthly". */
function namedGroups(sentence: Sentence): Dimension[] {
  const found: { at: number; dimension: Dimension }[] = sentence.open("grouping").map(({ at, element }) => {
    sentence.use(at);
    return { at, dimension: element.dimension };
  });
  for (const { at } of sentence.open("per")) {
    let next = sentence.after(at);
    for (let first = true; ; first = false) {
      const dimension = sentence.at(next, "dimension");
      if (!dimension || sentence.isUsed(next) || meansBuyers(sentence, at, next)) break;
      sentence.use(next);
      if (first) sentence.use(at);
      found.push({ at: next, dimension: dimension.dimension });
      const join = sentence.after(next);
      if (!sentence.at(join, "join")) break;
      next = sentence.after(join);
    }
  }
  return found.sort((left, right) => left.at - right.at).map(({ dimension }) => dimension);
}

/** "orders by customers" names who ordered as often as it asks for a list of them. */
function meansBuyers(sentence: Sentence, per: number, at: number): boolean {
  const dimension = sentence.at(at, "dimension");
  return sentence.elements[per]?.words === "by" && dimension?.dimension === "customer" && dimension.plural;
}

/** "compare the regions". */
function comparedGroups(sentence: Sentence): Dimension[] {
  const comparison = sentence.open("compare").find(({ element }) => !element.change);
  const compared = comparison && sentence.after(comparison.at);
  const dimension = compared === undefined ? undefined : sentence.at(compared, "dimension");
  if (!comparison || compared === undefined || !dimension?.plural || sentence.isUsed(compared)) return [];
  sentence.use(comparison.at, compared);
  return [dimension.dimension];
}

function resolveRanking(sentence: Sentence, groupBy: readonly Dimension[]): Grouping | Problem {
  const ranks = sentence.open("rank");
  const directions = new Set(ranks.map(({ element }) => element.direction));
  const direction = ranks[0]?.element.direction;
  if (directions.size !== 1 || direction === undefined) return ambiguous("it asks for both ends of a ranking");

  const nouns = sentence.open("dimension");
  const asksWho = sentence.open("who").length > 0 && nouns.every(({ element }) => element.dimension === "customer");
  const target =
    nouns[0] ?? (asksWho ? { at: -1, element: { dimension: "customer" as const, plural: false } } : undefined);
  if (!target)
    return ambiguous(
      "it asks for the highest or lowest of something, but not of what: products, categories, regions, customers, months?",
    );
  if (nouns.length > 1) return ambiguous("it names more than one thing that could be ranked");

  if (ranks.some(({ at, element }) => ranksByAnotherMeasure(sentence, at, element.selling))) {
    return ambiguous('the ranking and the figure may be two measures; say "top 5 products by revenue"');
  }
  const number = sentence.open("number").find(({ at }) => {
    const next = sentence.after(at);
    return (
      next === target.at ||
      sentence.at(next, "rank") !== undefined ||
      sentence.at(sentence.before(at), "rank") !== undefined
    );
  });
  if (number?.element.value === 0) return ambiguous("a list of none says nothing");
  sentence.use(target.at, ...(number ? [number.at] : []));
  sentence.useAll("rank", "which", ...(asksWho ? (["who"] as const) : []));
  return {
    groupBy: [target.element.dimension, ...groupBy],
    order: direction,
    limit: number?.element.value ?? (target.element.plural ? defaultListLength : 1),
  };
}

/** "orders of the best customer": best by orders, or by something else? "The best customer by orders" and "the customer with
 *  the most orders" leave no doubt. */
function ranksByAnotherMeasure(sentence: Sentence, rank: number, selling: boolean): boolean {
  let next = sentence.after(rank);
  if (sentence.at(next, "number")) next = sentence.after(next);
  if (!selling && !sentence.at(next, "dimension")) return false;
  const figures = [...sentence.open("measure"), ...sentence.open("average")].filter(({ at }) => at < rank);
  return figures.some(({ at }) => sentence.at(sentence.before(at), "per") === undefined);
}
