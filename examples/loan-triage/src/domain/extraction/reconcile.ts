import type { ApplicationFields, Evidence, Field, Problem } from "../application.ts";
import { ageOn, monthsBetween } from "../calendar-date.ts";
import { fieldNames } from "../field-names.ts";
import { formatEuro } from "../money.ts";
import { sameName } from "../person-name.ts";
import { policy } from "../policy.ts";
import type { Mention, Reading } from "./mention.ts";

interface Held {
  value: Mention["value"];
  evidence: Evidence[];
}

/** Makes one application of all mentions. Mentions that agree are joined, those that differ beyond tolerance become a
 *  `contradiction` and the field stays empty: a value somebody picked would look as if it had been stated.
 *  `receivedOn` stands in for the application's date where it has none. */
export function reconcile(
  reading: Reading,
  receivedOn: string,
): { application: ApplicationFields; problems: Problem[] } {
  const held = new Map<Field, Held>();
  const problems: Problem[] = [...reading.problems];
  const contradicted = new Set<Field>();
  for (const mention of reading.mentions) {
    const before = held.get(mention.field);
    if (!before) held.set(mention.field, { value: mention.value, evidence: [...mention.evidence] });
    else if (agree(mention.field, before.value, mention.value)) {
      before.value = preferred(mention.field, before.value, mention.value);
      before.evidence.push(...mention.evidence);
    } else {
      contradicted.add(mention.field);
      const message = `${fieldNames[mention.field].plain} is stated as ${shown(mention.field, before.value)} and as ${shown(mention.field, mention.value)}`;
      problems.push({
        code: "contradiction",
        field: mention.field,
        message,
        evidence: [...before.evidence, ...mention.evidence],
      });
    }
  }
  for (const field of contradicted) held.delete(field);
  const date = held.get("applicationDate")?.value;
  compareWithDates(held, problems, typeof date === "string" ? date : receivedOn);
  return { application: Object.fromEntries(held) as ApplicationFields, problems };
}

function agree(field: Field, left: Mention["value"], right: Mention["value"]): boolean {
  if (typeof left === "string" && typeof right === "string" && field === "fullName") return sameName(left, right);
  // Two descriptions of one purpose are two descriptions; rules look at both (see `preferred`).
  if (field === "purpose") return true;
  // A form is signed on one day and sent on another.
  if (field === "applicationDate") return Math.abs(monthsBetween(String(left), String(right))) < 2;
  if (typeof left === "number" && typeof right === "number") {
    if (field === "monthlyIncomeCents")
      return Math.abs(left - right) <= policy.incomeToleranceShare * Math.max(left, right);
    if (field === "employmentMonths") return Math.abs(left - right) <= 2;
  }
  return left === right;
}

/** Of two agreeing values the more careful one: the lower income, the fuller name, the later date. */
function preferred(field: Field, left: Mention["value"], right: Mention["value"]): Mention["value"] {
  if (typeof left === "number" && typeof right === "number") return Math.min(left, right);
  if (field === "fullName") return String(right).length > String(left).length ? right : left;
  if (field === "purpose") return left === right ? left : `${String(left)}; ${String(right)}`;
  return field === "applicationDate" && String(right) > String(left) ? right : left;
}

/** Employment from its first day, and the age stated against the date of birth. */
function compareWithDates(held: Map<Field, Held>, problems: Problem[], date: string): void {
  const since = held.get("employedSince");
  if (since && typeof since.value === "string") {
    const months = monthsBetween(since.value, date);
    const stated = held.get("employmentMonths");
    if (months < 0) {
      problems.push({
        code: "contradiction",
        field: "employmentMonths",
        message: `Employment is said to have begun on ${since.value}, after ${date}`,
        evidence: since.evidence,
      });
    } else if (stated && typeof stated.value === "number" && !agree("employmentMonths", stated.value, months)) {
      problems.push({
        code: "contradiction",
        field: "employmentMonths",
        message: `Employment of ${stated.value} months does not fit its beginning on ${since.value}`,
        evidence: [...stated.evidence, ...since.evidence],
      });
      held.delete("employmentMonths");
    } else {
      const value = typeof stated?.value === "number" ? Math.min(stated.value, months) : months;
      held.set("employmentMonths", { value, evidence: [...(stated?.evidence ?? []), ...since.evidence] });
    }
  }
  const birth = held.get("dateOfBirth");
  const age = held.get("statedAge");
  if (birth && typeof birth.value === "string") {
    const years = ageOn(birth.value, date);
    // One year of grace: people state the age of their last or of their next birthday.
    if (years < 0 || years > 120 || (age && typeof age.value === "number" && Math.abs(age.value - years) > 1)) {
      const message = age
        ? `The age stated is ${String(age.value)}, the date of birth ${birth.value} makes it ${years}`
        : `The date of birth ${birth.value} cannot be right`;
      problems.push({
        code: "contradiction",
        field: "statedAge",
        message,
        evidence: [...(age?.evidence ?? []), ...birth.evidence],
      });
    }
  }
}

function shown(field: Field, value: Mention["value"]): string {
  return typeof value === "number" && field.endsWith("Cents") ? formatEuro(value) : String(value);
}
