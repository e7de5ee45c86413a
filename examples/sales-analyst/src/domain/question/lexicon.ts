import type { Dimension } from "../intent.ts";
import type { Meaning } from "./element.ts";

/** Every phrase the grammar knows besides names, numbers and times. The longest phrase wins. A word is filler only if no
 *  sentence about sales changes its meaning with it: "not", "more", "over", "will" are missing on purpose. */
type Entry = readonly [meaning: Meaning, phrases: string];

const rank = (direction: "highest" | "lowest", counts = false, selling = false): Meaning => ({
  kind: "rank",
  direction,
  counts,
  selling,
});
const measure = (
  name: "revenue" | "units" | "orders" | "averageOrderValue" | "customers",
  counted = true,
): Meaning => ({ kind: "measure", measure: name, counted });
const dimension = (name: Dimension, plural: boolean): Meaning => ({ kind: "dimension", dimension: name, plural });
const grouping = (name: Dimension): Meaning => ({ kind: "grouping", dimension: name });
const unavailable = (because: string): Meaning => ({ kind: "unavailable", because });

const entries: readonly Entry[] = [
  [
    measure("revenue"),
    "revenue, revenues, sales, turnover, takings, sales revenue, sales turnover, sales figures, sales numbers, sales value, value of sales, value of orders",
  ],
  [
    measure("units"),
    "units, unit sales, items, pieces, units sold, items sold, number of units, number of items, number of pieces, quantity, quantities, quantity sold, copies",
  ],
  [measure("orders", false), "orders"],
  [measure("orders"), "number of orders, order count, order counts, order numbers, count of orders, order volume"],
  [
    measure("averageOrderValue"),
    "aov, average order value, average order values, average basket value, average value per order",
  ],
  [
    measure("customers"),
    "number of customers, number of clients, number of buyers, customer count, customer counts, customer numbers, count of customers, number of different customers, number of unique customers, number of distinct customers",
  ],

  [{ kind: "howMany" }, "how many, what number of, number of"],
  [{ kind: "how" }, "how"],
  [{ kind: "howMuch" }, "how much, how big, how large, how high"],
  [{ kind: "average" }, "average, avg, mean, on average"],
  [{ kind: "oneOrder" }, "order, basket, baskets"],
  [{ kind: "perOrder" }, "per order, an order, per basket"],
  [{ kind: "worth" }, "worth, value, size"],
  [{ kind: "distinct" }, "different, distinct, unique, individual, separate"],

  [{ kind: "verb", verb: "sell" }, "sell, sold, sells, selling"],
  [{ kind: "verb", verb: "buy" }, "buy, bought, buys, buying, purchase, purchased, ordered"],
  [{ kind: "verb", verb: "spend" }, "spend, spent, spends"],
  [
    { kind: "verb", verb: "bringIn" },
    "bring in, brought in, brings in, take in, took in, takes in, bring, brought, generate, generated, generates, turn over, turned over",
  ],

  [dimension("product", false), "product, article"],
  [dimension("product", true), "products, articles"],
  [dimension("category", false), "category, product category"],
  [dimension("category", true), "categories, product categories"],
  [dimension("region", false), "region, sales region"],
  [dimension("region", true), "regions, sales regions"],
  [dimension("customer", false), "customer, client, buyer"],
  [dimension("customer", true), "customers, clients, buyers"],
  [dimension("day", false), "day"],
  [dimension("day", true), "days"],
  [dimension("week", false), "week"],
  [dimension("week", true), "weeks"],
  [dimension("month", false), "month"],
  [dimension("month", true), "months"],
  [dimension("quarter", false), "quarter"],
  [dimension("quarter", true), "quarters"],
  [dimension("year", false), "year"],
  [dimension("year", true), "years"],
  [grouping("day"), "daily, day by day"],
  [grouping("week"), "weekly, week by week"],
  [grouping("month"), "monthly, month by month"],
  [grouping("quarter"), "quarterly, quarter by quarter"],
  [grouping("year"), "yearly, annually, year by year"],
  [{ kind: "per" }, "by, per, each, every, for each, for every, in each, in every, from each, of each, across"],
  [{ kind: "split" }, "split, split up, breakdown, break down, broken down, grouped, divided, separately"],

  [{ kind: "which" }, "which"],
  [{ kind: "who" }, "who"],
  [rank("highest", true), "most, highest number of, largest number of, greatest number of"],
  [rank("highest"), "top, best, highest, largest, biggest, greatest, strongest"],
  [rank("lowest", true), "least, fewest, lowest number of, smallest number of"],
  [rank("lowest"), "bottom, worst, lowest, smallest, weakest"],
  [
    rank("highest", false, true),
    "best selling, top selling, most sold, bestselling, bestseller, bestsellers, best seller, best sellers, top seller, top sellers",
  ],
  [rank("lowest", false, true), "worst selling, least sold, slowest selling"],

  [
    { kind: "exclude" },
    "excluding, except, except for, without, apart from, other than, not including, not counting, leaving out, everything but, all but",
  ],
  [
    { kind: "compare", change: false },
    "compare, compares, compared, compared with, compared to, compare with, compare to, comparison of, versus, vs, against",
  ],
  [{ kind: "compare", change: true }, "change, changed, grow, grew, growth, increase, increased, develop, developed"],

  [{ kind: "show" }, "show, show me, list, display, give me, get me, see, name"],
  [{ kind: "join" }, "and, or, plus"],
  [{ kind: "filler" }, "the, a, an, of, in, for, at, on, to, with, during, within, throughout, from, over the"],
  [
    { kind: "filler" },
    "we, our, us, i, you, me, what, that, those, these, there, then, did, do, does, was, is, were, are, has, have, had, been, be",
  ],
  [
    { kind: "filler" },
    "get, got, receive, received, place, placed, make, made, take, took, come, came, come in, came in, go, went, gone, achieve, achieved, contain, contained, containing",
  ],
  [
    { kind: "filler" },
    "please, thanks, thank you, hi, hello, tell, tell me, can you, could you, can i, i'd like, i would like, i want, i need, want to know, like to know, let me know, total, overall, all, altogether, in total, something, anything, any, just",
  ],

  [{ kind: "allTime" }, "of all time, all time, ever, so far, to date, in the whole data, since the beginning"],

  [
    unavailable("it asks for a reason; the data records what was sold, not why"),
    "why, cause, caused, causes, because, reason, reasons, what made",
  ],
  [
    unavailable("it asks about the future; the data ends with the last recorded day"),
    "will, next, predict, prediction, forecast, forecasts, going to, expect, expected, tomorrow, upcoming, future, projected, soon",
  ],
  [
    unavailable("it asks for what did not happen, which I cannot count"),
    "not, never, no, nobody, none, didn't, don't, doesn't, haven't, hasn't, wasn't, weren't, isn't, aren't, couldn't",
  ],
  [
    unavailable("it asks to change the data, which is read-only"),
    "delete, update, insert, drop, remove, set, truncate, alter, add, change the, modify, overwrite, create",
  ],
  [
    unavailable("it sets a threshold, which I cannot apply"),
    "at least, at most, more than, less than, fewer than, above, below, under, exceeding",
  ],
  [
    unavailable("it asks for a share, which I cannot compute"),
    "share, percent, percentage, proportion, most of, part of, half of",
  ],
  [unavailable("the data holds no costs"), "profit, profits, margin, margins, cost, costs, earnings, loss, losses"],
  [
    { kind: "ambiguous", because: '"across all" may mean one total or one row each; say "in total" or "by region"' },
    "across all",
  ],
  [
    { kind: "ambiguous", because: '"per customer" may mean an average or a list; say "by customer" for the list' },
    "per customer",
  ],
];

export const lexicon: ReadonlyMap<string, Meaning> = new Map(
  entries.flatMap(([meaning, phrases]) => phrases.split(",").map((phrase) => [phrase.trim(), meaning] as const)),
);

export const longestPhrase = Math.max(...[...lexicon.keys()].map((phrase) => phrase.split(" ").length));
