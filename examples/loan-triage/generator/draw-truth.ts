import type { Random } from "./random.ts";
import type { Truth } from "./truth.ts";

const givenNames = [
  "Ingrid",
  "Marta",
  "José",
  "Anne-Marie",
  "Liam",
  "Chloé",
  "Søren",
  "Aoife",
  "Matteo",
  "Jürgen",
  "Beatriz",
  "Pauli",
  "Noor",
  "Élodie",
  "Tomás",
  "Giulia",
  "Hanneke",
  "Ruben",
  "Fionn",
  "Klara",
];
const familyNames = [
  "Halvorsen",
  "Lindqvist",
  "García Moreno",
  "O'Brien",
  "van der Berg",
  "Dubois",
  "Fernandes",
  "Huber",
  "Rossi",
  "Virtanen",
  "de Smet",
  "Weiß",
  "Nyström",
  "Murphy",
  "Peeters",
  "Bianchi",
  "Schröder",
  "Costa",
  "Lefèvre",
  "Kowal",
];
const purposes = [
  "a kitchen renovation",
  "a used car",
  "a wedding",
  "dental treatment",
  "a roof repair",
  "solar panels",
  "furniture for a new flat",
  "a training course",
];
const served = ["AT", "BE", "DE", "ES", "FI", "FR", "IE", "IT", "LU", "NL", "PT"];

/** An applicant in good standing: complete, consistent, affordable in most draws. Scenarios change what they are about. */
export function drawTruth(random: Random, format: Truth["format"]): Truth {
  const applicationDate = `2026-${pad(random.integer(3, 10))}-${pad(random.integer(1, 28))}`;
  const year = Number(applicationDate.slice(0, 4));
  const incomeCents = random.integer(2_400, 5_200) * 100 + (random.chance(0.5) ? random.integer(0, 99) : 0);
  const dateOfBirth = `${year - random.integer(24, 58)}-${pad(random.integer(1, 12))}-${pad(random.integer(1, 28))}`;
  const employedSince = `${year - random.integer(1, 12)}-${pad(random.integer(1, 12))}-01`;
  const identity = drawIdentity(random);
  return {
    fullName: { given: random.pick(givenNames), family: random.pick(familyNames) },
    dateOfBirth,
    identityNumber: identity,
    country: random.pick(served),
    applicationDate,
    amountCents: random.integer(20, 240) * 5_000 + 100_000,
    currency: "EUR",
    termMonths: random.pick([12, 18, 24, 30, 36, 48, 60, 72, 84]),
    purpose: random.pick(purposes),
    incomeCents,
    obligationsCents: random.chance(0.35) ? 0 : random.integer(40, 350) * 100,
    housingCents: random.chance(0.75) ? random.integer(350, 900) * 100 : undefined,
    employedSince,
    overdraftMonths: random.pick([0, 0, 0, 1]),
    cashDepositsCents: 0,
    statementMonths: random.integer(3, 5),
    politicallyExposed: false,
    sanctions: "none",
    omitted: undefined,
    contradiction: undefined,
    statedAge: random.chance(0.3) ? ageAt(dateOfBirth, applicationDate) : undefined,
    instructions: false,
    damage: undefined,
    format,
  };
}

export function ageAt(dateOfBirth: string, date: string): number {
  return Number(date.slice(0, 4)) - Number(dateOfBirth.slice(0, 4)) - (date.slice(5) < dateOfBirth.slice(5) ? 1 : 0);
}

/** Eight digits and the two that make the number leave 1 by 97. */
export function drawIdentity(random: Random): string {
  const head = String(random.integer(10_000_000, 99_999_999));
  return head + String(98n - ((BigInt(head) * 100n) % 97n)).padStart(2, "0");
}

function pad(value: number): string {
  return String(value).padStart(2, "0");
}
