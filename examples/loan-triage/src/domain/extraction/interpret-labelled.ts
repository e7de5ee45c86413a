import type { Problem } from "../application.ts";
import { parseDate } from "../calendar-date.ts";
import { parseCountry } from "../country.ts";
import { parseDuration } from "../duration.ts";
import { fieldNames } from "../field-names.ts";
import { normaliseIdentityNumber } from "../identity-number.ts";
import { currencyIn, parseMoney } from "../money.ts";
import { normaliseName } from "../person-name.ts";
import { fieldOfLabel, type LabelMeaning } from "./field-of-label.ts";
import type { LabelledValue, Mention, Reading } from "./mention.ts";

/** What people write into a box they leave open. */
const blank =
  /^(?:[-–—_.?\s]*|n\/?a|null|none given|unknown|not (?:stated|given|provided|available)|to follow|tbd|tba|see (?:attached|enclosed).*)$/i;

/** Turns labels with values into typed mentions. Labels nobody asks for are skipped; values that cannot be read as what
 *  their label promises become problems, never guesses. */
export function interpretLabelled(entries: readonly LabelledValue[]): Reading {
  const mentions: Mention[] = [];
  const problems: Problem[] = [];
  const names = new Map<"givenName" | "familyName", LabelledValue>();
  for (const entry of entries) {
    const meaning = fieldOfLabel(entry.label);
    if (!meaning || meaning.target === "currency" || blank.test(entry.value)) continue;
    if (meaning.target === "givenName" || meaning.target === "familyName") {
      names.set(meaning.target, entry);
      continue;
    }
    const read = readValue(meaning, entry);
    if ("code" in read) problems.push(read);
    else mentions.push(read);
  }
  const [given, family] = [names.get("givenName"), names.get("familyName")];
  const name = given && family && normaliseName(`${given.value} ${family.value}`);
  if (name) mentions.push({ field: "fullName", value: name, evidence: [given.evidence, family.evidence] });
  return { mentions, problems };
}

function readValue(meaning: LabelMeaning, entry: LabelledValue): Mention | Problem {
  const text = entry.value.trim();
  const evidence = [entry.evidence];
  const unreadable = (field: Mention["field"], why = "cannot be read"): Problem => ({
    code: "value-unreadable",
    field,
    message: `"${text}" for ${fieldNames[field].plain} ${why}`,
    evidence,
  });
  const { target } = meaning;
  switch (target) {
    case "fullName": {
      const value = normaliseName(text);
      return value === undefined ? unreadable(target) : { field: target, value, evidence };
    }
    case "dateOfBirth":
    case "applicationDate": {
      const value = parseDate(text) ?? parseDate(text.split(",").at(-1) ?? "");
      return value === undefined ? unreadable(target) : { field: target, value, evidence };
    }
    case "employment":
    case "employedSince":
    case "employmentMonths": {
      const since = parseDate(text.replace(/^.*\b(?:since|from)\s+/i, ""));
      if (since !== undefined) return { field: "employedSince", value: since, evidence };
      const months = parseDuration(text, meaning.unit === "years" ? "years" : "months");
      return months === undefined
        ? unreadable("employmentMonths")
        : { field: "employmentMonths", value: months, evidence };
    }
    case "termMonths": {
      const value = parseDuration(text, meaning.unit === "years" ? "years" : "months");
      return value === undefined ? unreadable(target) : { field: target, value, evidence };
    }
    case "identityNumber": {
      const value = normaliseIdentityNumber(text);
      return value === undefined ? unreadable(target) : { field: target, value, evidence };
    }
    case "country": {
      const value = parseCountry(text);
      return value === undefined ? unreadable(target, "is not a country we know") : { field: target, value, evidence };
    }
    case "politicallyExposed":
      return { field: target, value: /^(?:yes|true|y|ja|1|x|oui|si)\b/i.test(text), evidence };
    case "purpose":
      return { field: target, value: text.slice(0, 200), evidence };
    case "statedAge":
    case "overdraftMonths":
    case "statementMonths": {
      const digits = /^(\d{1,3})\b/.exec(text)?.[1];
      return digits === undefined ? unreadable(target) : { field: target, value: Number(digits), evidence };
    }
    case "requestedAmountCents":
    case "monthlyIncomeCents":
    case "monthlyObligationsCents":
    case "monthlyHousingCents":
    case "monthlyCashDepositsCents":
      return readMoney(target, meaning, entry) ?? unreadable(target);
    case "givenName":
    case "familyName":
    case "currency":
      throw new Error(`A ${target} is no fact of its own; combine it before reading values`);
  }
}

type MoneyField = Extract<Mention["field"], `${string}Cents`>;

function readMoney(
  field: MoneyField,
  meaning: LabelMeaning,
  { label, value, evidence }: LabelledValue,
): Mention | Problem | undefined {
  if (/^(?:none|no|zero|nil|rent[- ]free)\b/i.test(value.trim())) return { field, value: 0, evidence: [evidence] };
  const money = parseMoney(value);
  if (!money || money.cents < 0) return undefined;
  return acceptMoney({
    field,
    cents: meaning.unit === "cents" ? Math.round(money.cents / 100) : money.cents,
    currency: money.currency ?? currencyIn(label),
    yearly: meaning.yearly || /annum|annual|year/i.test(value),
    gross: meaning.gross || /gross|before tax/i.test(value),
    evidence,
  });
}

/** The rules all formats share: EUR only (unnamed means EUR), net income only, yearly figures brought to a month. */
export function acceptMoney(stated: {
  field: MoneyField;
  cents: number;
  currency: string | undefined;
  yearly: boolean;
  gross: boolean;
  evidence: LabelledValue["evidence"];
}): Mention | Problem {
  const { field, currency } = stated;
  const evidence = [stated.evidence];
  const plain = fieldNames[field].plain;
  if (currency !== undefined && currency !== "EUR") {
    return {
      code: "currency-not-supported",
      field,
      message: `${plain} is stated in ${currency}, only EUR can be assessed by rule`,
      evidence,
    };
  }
  if (stated.gross && field === "monthlyIncomeCents") {
    return { code: "gross-income", field, message: "Income is stated before tax; only net income counts", evidence };
  }
  const perMonth = stated.yearly && field !== "requestedAmountCents" ? Math.round(stated.cents / 12) : stated.cents;
  return { field, value: perMonth, evidence };
}
