import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { seedCatalogue } from "../../seed/seed-catalogue.ts";
import { SalesIntentSchema } from "./intent.ts";
import { exampleQuestions, parseQuestion } from "./parse-question.ts";
import { lexicon } from "./question/lexicon.ts";

const catalogue = seedCatalogue();
const context = { today: catalogue.lastDay, catalogue };

function read(question: string): string {
  const parsed = parseQuestion(question, context);
  if (!parsed.understood) return "refused";
  const { measure, groupBy, filters, periods, order, limit } = parsed.intent;
  return [
    measure,
    ...groupBy.map((dimension) => `by ${dimension}`),
    ...filters.map(({ field, mode, values }) => `${field} ${mode} ${values.join("+")}`),
    ...periods.map(({ from, to }) => `${from}..${to}`),
    ...(order === "natural" ? [] : [`${order} ${limit}`]),
  ].join(", ");
}

describe("sentences with one meaning", () => {
  test.each([
    ["Which month had the fewest orders in 2024?", "orders, by month, 2024-01-01..2024-12-31, lowest 1"],
    [
      "Who bought the most tents last year?",
      "units, by customer, category in Tents, 2024-01-01..2024-12-31, highest 1",
    ],
    ["Which regions have the most customers?", "customers, by region, highest 10"],
    ["In which region was revenue highest in 2024?", "revenue, by region, 2024-01-01..2024-12-31, highest 1"],
    ["revenue per order in 2024", "averageOrderValue, 2024-01-01..2024-12-31"],
    [
      "units of tents without the Alder Tent in 2024",
      "units, category in Tents, product notIn Alder Tent, 2024-01-01..2024-12-31",
    ],
    ["How many orders from the North were for tents?", "orders, category in Tents, region in North"],
    [
      "How many different customers did we sell tents to in 2024?",
      "customers, category in Tents, 2024-01-01..2024-12-31",
    ],
    ["sales of summer sleeping bags in 2024", "revenue, product in Summer Sleeping Bag, 2024-01-01..2024-12-31"],
    [
      "revenue of tents vs footwear by month in 2024",
      "revenue, by month, by category, category in Footwear+Tents, 2024-01-01..2024-12-31",
    ],
    [
      "How much did revenue grow between Q1 2024 and Q1 2025?",
      "revenue, 2024-01-01..2024-03-31, 2025-01-01..2025-03-31",
    ],
    ["Revenue from Q1 2024 to Q1 2025", "revenue, 2024-01-01..2025-03-31"],
    [
      "Compare North and South revenue from January to March 2024",
      "revenue, by region, region in North+South, 2024-01-01..2024-03-31",
    ],
    ["May 2024 compared with the month before: revenue", "revenue, 2024-04-01..2024-04-30, 2024-05-01..2024-05-31"],
  ])("%s", (question, meaning) => expect(read(question)).toBe(meaning));

  test.each(exampleQuestions)("the example offered with a refusal is itself understood: %s", (question) => {
    expect(read(question)).not.toBe("refused");
  });
});

/** Every word of these is known, or nearly; the sentence still has no single answer in the data. */
describe("sentences that look answerable and are not", () => {
  test.each([
    "Which customers placed at least 5 orders in 2024?",
    "Top customers with over 5 orders in 2024",
    "Best customers with 5 orders by revenue",
    "Revenue from customers who bought tents in 2024",
    "How many customers bought tents and backpacks in 2024?",
    "How many tents did we buy in 2024?",
    "How many tents did Harbor Outfitters sell in 2024?",
    "How many tents did customers in the North sell?",
    "How much did we spend in 2024?",
    "How many orders did we place in 2024?",
    "Is North the best region by revenue?",
    "Revenue in the North in 2023 and in the South in 2024",
    "Revenue in 2023 and 2024",
    "Revenue and orders in 2024",
    "Revenue excluding tents in the North",
    "Revenue excluding tents and the North",
    "Average orders per month",
    "Average number of items per order",
    "Average revenue by region",
    "Average order value of tents",
    "orders without tents",
    "List all orders in May 2025",
    "Revenue across all regions",
    "Revenue per customer in 2024",
    "Orders by customers in the North",
    "How many products do we sell?",
    "How many tents were in the orders from the North?",
    "How much footwear did we sell?",
    "Which region sold the most in 2024?",
    "orders of the biggest customer by revenue",
    "revenue of the best product in 2024",
    "Revenue of the best selling product",
    "How are sales?",
    "How do we increase revenue in 2024?",
    "Did revenue grow in 2024?",
    "compare revenue in 2023 and 2024 by month",
    "How did the top 5 products by revenue change from 2023 to 2024?",
    "Revenue in 2024? And for tents?",
    "top 300 products by revenue",
    "top 0 products by revenue",
    "revenue in 2024 where 1=1",
    "' OR '1'='1",
    "SELECT * FROM orders",
    "",
    "?",
  ])("%s", (question) => expect(read(question)).toBe("refused"));
});

test("a refusal names the words it does not know, and what they may have meant", () => {
  const parsed = parseQuestion("How many boots did we flog in 2024?", context);
  expect(parsed).toMatchObject({ understood: false, reason: "notUnderstood", unknownWords: ["boots", "flog"] });
  expect(!parsed.understood && parsed.message).toContain("Ridge Hiking Boots, Snow Boots");
});

test("one word nobody taught it turns any answer into a refusal", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...exampleQuestions),
      fc.nat(20),
      fc.stringMatching(/^[b-df-hj-np-tv-z]{4,8}$/),
      (question, position, word) => {
        const words = question.split(" ");
        words.splice(position % (words.length + 1), 0, word);
        return read(words.join(" ")) === "refused";
      },
    ),
  );
});

test("no arrangement of known words breaks the parser, and whatever it understands is a valid intent", () => {
  const words = [
    ...lexicon.keys(),
    ...catalogue.names.product,
    ...catalogue.names.region,
    ...catalogue.names.category,
    "2024",
    "last year",
    "5",
    "Harbor Outfitters",
    "Q1 2025",
  ];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 9 }), (parts) => {
      const parsed = parseQuestion(parts.join(" "), context);
      return parsed.understood ? SalesIntentSchema.safeParse(parsed.intent).success : parsed.message.length > 0;
    }),
    { numRuns: 3_000 },
  );
});

test("arbitrary text is refused without an error", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "binary", maxLength: 300 }),
      (text) => typeof parseQuestion(text, context).understood === "boolean",
    ),
  );
});
