import fc from "fast-check";
import { expect, test } from "vitest";
import { formReply } from "./form-reply.ts";

const form = (properties: object, required: readonly string[] = []) => ({ type: "object", properties, required });

const said = (of: Readonly<Record<string, unknown>>, value: unknown): unknown => {
  const judged = formReply(of)["~standard"].validate(value);
  if (judged instanceof Promise) throw new TypeError("it is judged at once");
  return judged.issues === undefined ? judged.value : judged.issues.map(({ message }) => message).join("; ");
};

const NAME = form({ name: { type: "string" } }, ["name"]);
const SEATS = form({ seats: { type: "integer", minimum: 1 }, row: { type: "string", default: "first" } }, ["seats"]);

test.each([
  ["a text for the one field", NAME, "Ann", { action: "accept", content: { name: "Ann" } }],
  ["data", NAME, { name: "Ann" }, { action: "accept", content: { name: "Ann" } }],
  [
    "with its action",
    NAME,
    { action: "accept", content: { name: "Ann" } },
    { action: "accept", content: { name: "Ann" } },
  ],
  ["no, as a text", NAME, " Decline ", { action: "decline" }],
  ["no, as data", NAME, { action: "cancel" }, { action: "cancel" }],
  ["defaults for the rest", SEATS, { seats: 2 }, { action: "accept", content: { seats: 2, row: "first" } }],
  ["a number as a text", form({ n: { type: "number" } }), "2.5", { action: "accept", content: { n: 2.5 } }],
  ["yes", form({ ok: { type: "boolean" } }), "yes", { action: "accept", content: { ok: true } }],
  ["yes to nothing in particular", form({}), "yes", { action: "accept", content: {} }],
  [
    "a field of that name",
    form({ action: { enum: ["cancel", "keep"] } }),
    { action: "cancel" },
    { action: "accept", content: { action: "cancel" } },
  ],
])("a reply is read: %s", (_, of, reply, read) => {
  expect(said(of, reply)).toEqual(read);
});

test.each([
  ["a text for two fields", SEATS, "two", /seats, row, or "decline"/],
  ["what does not fit", SEATS, { seats: 0 }, /1/],
  ["a field is missing", SEATS, {}, /./],
  ["words for a number", form({ n: { type: "integer" } }), "many", /expected integer/],
  ["a list", NAME, ["Ann"], /name/],
])("a reply is refused, and it is said what was expected: %s", (_, of, reply, why) => {
  expect(said(of, reply)).toMatch(why);
});

test("whatever somebody replies, it is read or refused", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(NAME, SEATS, form({})), (reply, of) => {
      const read = said(of, reply);
      if (typeof read === "string") return;
      expect(["accept", "decline", "cancel"]).toContain((read as { readonly action: string }).action);
    }),
  );
});
