import type { Random } from "./random.ts";
import { nameOf, type Truth } from "./truth.ts";
import { countryInProse, type WritingStyle, writeEmployment } from "./writing-style.ts";

/** What a letter says about one matter, in one of several wordings; empty where the applicant leaves it out. */
export function nameSentence(truth: Truth, random: Random): string {
  const name = nameOf(truth);
  return truth.omitted === "name"
    ? ""
    : random.pick([`My name is ${name}.`, `I, ${name}, hereby apply.`, `My full name is ${name}.`]);
}

export function bornSentence(truth: Truth, style: WritingStyle, random: Random): string {
  const date = style.date(truth.dateOfBirth);
  const born = random.pick([`I was born on ${date}.`, `My date of birth is ${date}.`]);
  const age = truth.contradiction?.kind === "age" ? truth.contradiction.statedAge : truth.statedAge;
  return age === undefined ? born : `${born} ${random.pick([`I am ${age} years old.`, `I am aged ${age}.`])}`;
}

export function residenceSentence(truth: Truth, random: Random): string {
  const country = countryInProse(truth.country);
  return truth.omitted === "country"
    ? ""
    : random.pick([`I live in ${country}.`, `I am resident in ${country}.`, `My home is in ${country}.`]);
}

export function identitySentence(truth: Truth, style: WritingStyle, random: Random): string {
  const number = style.identity(truth.identityNumber);
  return truth.omitted === "identity"
    ? ""
    : random.pick([
        `My identity number is ${number}.`,
        `My identity card number is ${number}.`,
        `You will need my national ID number: ${number}.`,
      ]);
}

export function officeSentence(truth: Truth, random: Random): string {
  if (truth.politicallyExposed)
    return random.pick(["I hold public office.", "I should mention that I am a politically exposed person."]);
  return random.chance(0.2) ? "I am not a politically exposed person." : "";
}

export function loanSentences(truth: Truth, style: WritingStyle, random: Random): string[] {
  const money = style.money(truth.amountCents, truth.currency);
  const amount = truth.omitted === "amount" ? undefined : money;
  const term =
    truth.omitted === "term"
      ? undefined
      : truth.termMonths % 12 === 0 && random.chance(0.4)
        ? `${truth.termMonths / 12} ${truth.termMonths === 12 ? "year" : "years"}`
        : `${truth.termMonths} months`;
  if (amount === undefined) return [`I would like to take out a loan, to be repaid over ${term}.`];
  if (term === undefined) return [`I would like to borrow ${amount}.`];
  return random.pick([
    [`I would like to borrow ${amount} over ${term}.`],
    [`I am writing to apply for a loan of ${amount}, repayable over ${term}.`],
    [`I am asking for ${amount}.`, `I would repay it within ${term}.`],
    [`I request a credit of ${amount} with a term of ${term}.`],
  ]);
}

export function incomeSentences(truth: Truth, style: WritingStyle, random: Random): string[] {
  const money = style.money(truth.incomeCents, truth.currency);
  const first =
    truth.omitted === "income"
      ? ""
      : random.pick([
          `My net monthly income is ${money}.`,
          `I earn ${money} a month after tax.`,
          `My take-home pay comes to ${money} per month.`,
          `My salary of ${money} net reaches my account each month.`,
        ]);
  const other =
    truth.contradiction?.kind === "income"
      ? `As you can see from my income of ${style.money(truth.contradiction.otherCents, truth.currency)} a month, I can easily repay this.`
      : "";
  return [first, other];
}

export function obligationSentences(truth: Truth, style: WritingStyle, random: Random): string[] {
  if (truth.omitted === "obligations") return [];
  if (truth.obligationsCents === 0)
    return [
      random.pick(["I have no other loans.", "I do not have any existing debts.", "There are no other obligations."]),
    ];
  const money = style.money(truth.obligationsCents, truth.currency);
  return [
    random.pick([
      `My existing loans cost me ${money} a month.`,
      `I pay ${money} a month towards a car loan.`,
      `Every month ${money} goes to other loans.`,
    ]),
  ];
}

export function housingSentence(truth: Truth, style: WritingStyle, random: Random): string {
  if (truth.housingCents === undefined) return "";
  const money = style.money(truth.housingCents, truth.currency);
  return random.pick([`My rent is ${money}.`, `I pay ${money} in rent.`, `Housing costs me ${money} a month.`]);
}

export function employmentSentence(truth: Truth, style: WritingStyle, random: Random): string {
  const employment = writeEmployment(truth, style, random);
  if ("since" in employment)
    return random.pick([
      `I have been employed by the same firm since ${employment.since}.`,
      `I have worked for my employer since ${employment.since}.`,
      `I have held my present job since ${employment.since}.`,
    ]);
  return random.pick([
    `I have been employed with my present firm for ${employment.span}.`,
    `I have worked for my employer for ${employment.span}.`,
  ]);
}
