import { describe, expect, test } from "vitest";
import { type GuardName, judgePair } from "./judge-pair.ts";
import { numbersIn } from "./numbers.ts";

const refused: readonly [GuardName, string, string][] = [
  ["negation", "Which of the orders were shipped?", "Tell me which orders have not been shipped"],
  ["negation", "Is the deposit that I paid refundable?", "Is a deposit non-refundable once paid?"],
  ["negation", "Can't I pay the invoice by card?", "Is it possible to pay an invoice by card?"],
  ["numbers", "Which customers pay within 14 days?", "Who pays in fifteen days or less?"],
  ["numbers", "Send two couriers to the hospital", "Please have five couriers go to the hospital"],
  ["numbers", "What is the total over 10,000?", "Total of everything above 1,000"],
  ["numbers", "Show version 1.4.0 of the file", "Give me the file in version 1.5.0"],
  ["units", "How far is the airport in miles?", "What is the distance to the airport in kilometres?"],
  ["units", "What is the price in euros?", "How many dollars is the price?"],
  ["times", "What is the weather in the town on Monday?", "How will the weather be on Tuesday in the town?"],
  ["times", "How many orders came in today?", "What was the number of orders yesterday?"],
  ["times", "What was revenue last month?", "How high is the revenue going to be next month?"],
  ["times", "What did we sell in March?", "Tell me the products sold in May"],
  ["names", "What are good hotels in Paris?", "I look for a hotel in Rome that is good"],
  ["names", "What are good hotels in Paris?", "i look for a good hotel in rome"],
  ["names", "Who runs the host edge-07?", "Which team is it that runs edge-09?"],
  ["names", 'What does the error "not found" mean?', 'Please explain the error "not allowed"'],
  ["opposites", "How do I increase the size of the heap?", "What do I set to decrease the heap?"],
  ["opposites", "What do I do before the surgery?", "After the surgery, what should I do?"],
  ["opposites", "Which of the products sold most?", "What product has sold the least?"],
  ["kind", "Who signed the contract with them?", "When did they sign that contract?"],
  ["kind", "Why was the museum renovated?", "How much did renovating the museum cost?"],
  ["wording", "How do I change my email address?", "How do I change my billing address?"],
  [
    "wording",
    "How do I copy files from the server to the laptop?",
    "How do I copy files from the laptop to the server?",
  ],
  ["wording", "Does the carrier pay the port?", "Does the port pay the carrier?"],
  ["wording", "How can I cook rice?", "What is a good way to fry fish?"],
  ["language", "Wie hoch ist der Turm?", "Wie hoch ist denn der Turm?"],
  ["language", "Где находится башня?", "Где стоит башня?"],
  ["language", "塔在哪里？", "塔在什么地方？"],
];

test.each(refused)("%s: %s / %s", (guard, one, other) => {
  expect(judgePair(one, other)).toBe(guard);
  expect(judgePair(other, one)).not.toBeNull();
});

test.each([
  ["Can I get a refund for a monthly plan?", "Is it possible to have a refund on the plan I pay monthly?"],
  ["How do I log in with Google?", "can i sign in using my google account to log in"],
  ["Which invoices over 10,000 euros are open?", "List open invoices above EUR 10000"],
  ["What is the lead time of the supplier in Vietnam?", "How long does our Vietnamese supplier's lead time take?"],
  ["How far is the beach in kilometres?", "What is the distance to the beach in km?"],
  ["When is Dr Weber available?", "At what times can I see Doctor Weber?"],
  ["Are the swimming pools open on Sunday?", "Can I go swimming on Sunday in the pools?"],
])("passes %s / %s", (one, other) => {
  expect(judgePair(one, other)).toBeNull();
  expect(judgePair(other, one)).toBeNull();
});

describe("numbers", () => {
  test.each([
    ["twenty five orders", ["25"]],
    ["two hundred and 3 items", ["200", "3"]],
    ["1.5 million and 2 thousand", ["1500000", "2000"]],
    ["10,000 or 10000", ["10000", "10000"]],
    ["a dozen, twice", ["12", "2"]],
    ["one of them, the second one", ["2"]],
    ["every second, per second", []],
    ["at 6:30 on 2024-05-01", ["6:30", "2024", "05", "01"]],
    ["400mg and 0.50", ["400", "0.5"]],
    ["article 007", ["007"]],
  ])("in %s", (text, expected) => expect(numbersIn(text)).toEqual(expected));
});

test("the longest question is judged in milliseconds", () => {
  const one = "What is the price of a very fine thing? ".repeat(50);
  const other = "How much do I pay for one fine thing? ".repeat(52);
  judgePair(one, other);
  // Of the processor: by the clock a busy machine has anybody wait for their turn.
  const before = process.threadCpuUsage();
  judgePair(one, other);
  const { user, system } = process.threadCpuUsage(before);
  expect((user + system) / 1000).toBeLessThan(200);
});
