import type { Evidence } from "../application.ts";
import { fieldOfLabel } from "./field-of-label.ts";
import { interpretLabelled } from "./interpret-labelled.ts";
import { type JsonLeaf, jsonLeaves } from "./json-leaves.ts";
import type { LabelledValue, Mention, Reading } from "./mention.ts";

/** Keys that only wrap: what they hold is named by the keys below them. */
const wrappers =
  /^(?:data|applicants?|application|customer|client|person|personal|details|info|form|request|payload|financials?|finances?|value)$/i;

/** What is said below these keys is said about someone or something else. */
const foreign = /employer|company|bank|spouse|partner|guarantor|referee|transaction|contact|branch|product/i;

/** A key path says what a form label says, so both are read by the same rules. */
export function readJson(text: string): Reading {
  const lines = text.split("\n");
  const leaves = jsonLeaves(text).filter(({ value }) => value !== null && value !== "");
  const currencies = new Map(leaves.filter(isCurrency).map((leaf) => [parentOf(leaf), String(leaf.value)]));
  const entries: LabelledValue[] = [];
  const summed: LabelledValue[] = [];
  for (const leaf of leaves) {
    if (isCurrency(leaf)) continue;
    const evidence: Evidence = { page: 1, line: leaf.line, text: (lines[leaf.line - 1] ?? "").trim().slice(0, 160) };
    const currency =
      typeof leaf.value === "number" ? (currencies.get(parentOf(leaf)) ?? currencies.get("")) : undefined;
    const entry = {
      label: labelOf(leaf),
      value: `${leaf.value}${moneyOf(leaf) && currency ? ` ${currency}` : ""}`,
      evidence,
    };
    (leaf.path.some((key) => typeof key === "number") ? summed : entries).push(entry);
  }
  const single = interpretLabelled(entries);
  const listed = interpretLabelled(summed);
  return {
    mentions: [...single.mentions, ...sumObligations(listed.mentions)],
    problems: [...single.problems, ...listed.problems],
  };
}

/** A list of loans is one obligation: their payments together. Everything else in a list stays a mention of its own. */
function sumObligations(mentions: readonly Mention[]): Mention[] {
  const payments = mentions.filter((mention) => mention.field === "monthlyObligationsCents");
  const rest = mentions.filter((mention) => mention.field !== "monthlyObligationsCents");
  if (payments.length === 0) return rest;
  const value = payments.reduce((sum, payment) => sum + payment.value, 0);
  return [
    ...rest,
    { field: "monthlyObligationsCents", value, evidence: payments.flatMap((payment) => [...payment.evidence]) },
  ];
}

/** The last three keys that tell something. Where together they say nothing known, two, then a last key of several words
 *  ("nationalIdNumber") may speak for itself; a bare "name" or "date" may not: it belongs to what it stands in. */
function labelOf({ path }: JsonLeaf): string {
  const keys = path.filter((key): key is string => typeof key === "string");
  const telling = keys.filter((key, index) => !wrappers.test(key) || (index === keys.length - 1 && key !== "value"));
  const full = telling.slice(-3).join(" ");
  const last = telling.at(-1) ?? "";
  if (fieldOfLabel(full) || telling.some((key) => foreign.test(key))) return full;
  const pair = telling.slice(-2).join(" ");
  return !fieldOfLabel(pair) && /[a-z][A-Z]|[_\s-]/.test(last) ? last : pair;
}

function isCurrency(leaf: JsonLeaf): boolean {
  return typeof leaf.value === "string" && fieldOfLabel(String(leaf.path.at(-1)))?.target === "currency";
}

function parentOf({ path }: JsonLeaf): string {
  return path.slice(0, -1).join("/");
}

function moneyOf(leaf: JsonLeaf): boolean {
  return fieldOfLabel(labelOf(leaf))?.target.endsWith("Cents") ?? false;
}
