import type { Measure } from "../intent.ts";
import type { ElementOf } from "./element.ts";
import type { Problem } from "./problem.ts";
import { ambiguous, isProblem } from "./problem.ts";
import type { Grouping } from "./resolve-grouping.ts";
import type { Sentence } from "./sentence.ts";

type Verb = ElementOf<"verb">["verb"];

/** What a verb may be said of. "Revenue of customers who bought tents" is not the revenue of tents, so `buy` does not go with it. */
const verbFits: Readonly<Record<Verb, readonly Measure[]>> = {
  sell: ["revenue", "units", "customers"],
  buy: ["units", "customers"],
  spend: ["revenue", "averageOrderValue"],
  bringIn: ["revenue", "orders"],
};

const whichMeasure = "by what: revenue, units, orders, average order value or number of customers?";

/** Settles what is measured, from nouns first, then from "how many", then from the verb. */
export function resolveMeasure(sentence: Sentence, grouping: Grouping, countsCustomers: boolean): Measure | Problem {
  const named = new Set<Measure>(sentence.open("measure").map(({ element }) => element.measure));
  if (countsCustomers) named.add("customers");
  const counted = countedByHowMany(sentence);
  if (isProblem(counted)) return counted;
  if (counted) named.add(counted);
  const average = averageOrder(sentence, named);
  if (average) {
    named.delete("revenue");
    named.add("averageOrderValue");
  }
  if (named.size > 1)
    return ambiguous(`it names more than one measure (${[...named].join(", ")}); ask for one at a time`);

  const [measure = impliedMeasure(sentence, grouping)] = named;
  if (isProblem(measure)) return measure;
  const verbs = sentence.open("verb");
  if (verbs.some(({ element }) => !verbFits[element.verb].includes(measure)))
    return ambiguous("the verb and the measure do not go together");
  if (listsOrders(sentence, grouping))
    return ambiguous('it may ask for a list of orders or for their number; say "number of orders"');
  if (measure === "revenue" || measure === "averageOrderValue") sentence.useAll("howMuch");
  if (measure === "customers") sentence.useAll("distinct");
  sentence.useAll("measure", "verb", "show");
  return measure;
}

/** "how many orders", "how many tents"; not "how many sales", which may be orders, units or money. */
function countedByHowMany(sentence: Sentence): Measure | Problem | undefined {
  const asked = sentence.open("howMany")[0];
  if (!asked) return undefined;
  let next = sentence.after(asked.at);
  const first = sentence.at(next, "value");
  // "how many tent orders": the name describes the noun right behind it.
  while (sentence.at(next, "value") && (sentence.at(next + 1, "measure") || sentence.at(next + 1, "value"))) next += 1;
  const measure = sentence.at(next, "measure")?.measure;
  if (measure === "revenue")
    return ambiguous(`"${sentence.elements[next]?.words}" cannot be counted: do you mean orders, units or revenue?`);
  const goods = first?.field === "product" || first?.field === "category";
  const found = measure ?? (goods ? ("units" as const) : undefined);
  if (found === undefined) return ambiguous("it is not clear what to count: orders, units or customers?");
  sentence.use(asked.at);
  return found;
}

/** "average order", "average basket value", "revenue per order", "how much is an order worth on average". */
function averageOrder(sentence: Sentence, named: ReadonlySet<Measure>): boolean {
  const averages = sentence.open("average");
  const oneOrder = sentence.open("oneOrder");
  const perOrder = sentence.open("perOrder");
  const spends = sentence.open("verb").some(({ element }) => element.verb === "spend");
  const ofAverage = averages.length === 1 && oneOrder.length + perOrder.length === 1;
  const ofRevenue = averages.length === 0 && perOrder.length === 1 && (named.has("revenue") || spends);
  if (!ofAverage && !ofRevenue) return false;
  sentence.useAll("average", "oneOrder", "perOrder", "worth");
  return true;
}

function impliedMeasure(sentence: Sentence, { groupBy, order }: Grouping): Measure | Problem {
  const verbs = new Set(sentence.open("verb").map(({ element }) => element.verb));
  const ranks = sentence.elements.flatMap((element, at) => (element.kind === "rank" ? [{ at, element }] : []));
  const sellsMost =
    ranks.some(({ element }) => element.selling) || (verbs.has("sell") && ranks.some(({ element }) => element.counts));
  if (sellsMost) {
    const goods =
      groupBy[0] === "product" || groupBy[0] === "category" || ranks.some(({ at }) => followedByGoods(sentence, at));
    return goods ? "units" : ambiguous(whichMeasure);
  }
  if (verbs.has("buy") && order !== "natural" && ranks.some(({ at }) => followedByGoods(sentence, at))) return "units";
  if (verbs.has("spend") || verbs.has("bringIn")) return "revenue";
  const howMuch = sentence.open("howMuch")[0];
  if (howMuch && verbs.has("sell")) {
    return followedByGoods(sentence, howMuch.at)
      ? ambiguous('"how much" of a product may mean units or revenue')
      : "revenue";
  }
  return ambiguous(whichMeasure);
}

function followedByGoods(sentence: Sentence, at: number): boolean {
  const field = sentence.at(sentence.after(at), "value")?.field;
  return field === "product" || field === "category";
}

function listsOrders(sentence: Sentence, { groupBy }: Grouping): boolean {
  const bare = sentence.open("measure").some(({ element }) => element.measure === "orders" && !element.counted);
  return (
    bare &&
    groupBy.length === 0 &&
    sentence.open("show").length > 0 &&
    !sentence.has("howMany") &&
    !sentence.has("compare")
  );
}
