import { sanctionsList } from "../src/domain/sanctions-list.ts";
import { ageAt, drawIdentity } from "./draw-truth.ts";
import type { Expected } from "./expected-outcome.ts";
import type { Random } from "./random.ts";
import type { Format, Truth } from "./truth.ts";

export interface Scenario {
  readonly name: string;
  readonly formats?: readonly Format[];
  /** Changes a good applicant into the one wanted. */
  readonly shape: (truth: Truth, random: Random) => void;
  /** Redraws until this holds, so that a scenario is what it is called, away from the edges of the score. */
  readonly wanted: (expected: Expected) => boolean;
}

const approved = ({ decision, score }: Expected) => decision === "approve" && (score ?? 0) >= 68;
const reasoned =
  (...codes: string[]) =>
  ({ reasons }: Expected) =>
    reasons.join() === [...codes].sort().join();
const good = (truth: Truth) => {
  truth.employedSince = `${Number(truth.applicationDate.slice(0, 4)) - 5}${truth.employedSince.slice(4)}`;
};
const heavy = (truth: Truth, random: Random) => {
  truth.amountCents = random.integer(150, 500) * 10_000;
  truth.obligationsCents = random.integer(20, 60) * 1_000;
};
const omit = (omitted: NonNullable<Truth["omitted"]>) => (truth: Truth) => {
  truth.omitted = omitted;
};
const documents = ["pdf", "letter", "json"] as const;

export const scenarios: readonly Scenario[] = [
  { name: "good form", formats: ["pdf"], shape: good, wanted: approved },
  { name: "good letter", formats: ["letter"], shape: good, wanted: approved },
  { name: "good statement", formats: ["statement"], shape: good, wanted: approved },
  { name: "good data", formats: ["json"], shape: good, wanted: approved },
  {
    name: "too low a score",
    shape: heavy,
    wanted: ({ decision, reasons, score }) =>
      decision === "decline" && reasons.join() === "score-too-low" && (score ?? 99) <= 47,
  },
  {
    name: "unaffordable",
    shape: (truth, random) => {
      heavy(truth, random);
      truth.incomeCents = random.integer(1_300, 1_900) * 100;
    },
    wanted: reasoned("not-affordable"),
  },
  {
    name: "borderline",
    shape: heavy,
    wanted: ({ reasons, score }) => reasons.join() === "score-borderline" && (score ?? 0) >= 52 && (score ?? 99) <= 62,
  },
  { name: "no income", shape: omit("income"), wanted: reasoned("missing-income") },
  { name: "no amount", shape: omit("amount"), wanted: reasoned("missing-amount") },
  { name: "no identity number", shape: omit("identity"), wanted: reasoned("missing-identity") },
  {
    name: "cut-off PDF",
    formats: ["pdf"],
    shape: (truth) => {
      truth.damage = "cut-off";
    },
    wanted: reasoned("document-unreadable"),
  },
  {
    name: "two incomes",
    shape: (truth, random) => {
      truth.contradiction = {
        kind: "income",
        otherCents: Math.round((truth.incomeCents * random.integer(120, 180)) / 100),
      };
    },
    wanted: reasoned("contradictory-income"),
  },
  {
    name: "impossible age",
    shape: (truth, random) => {
      truth.contradiction = {
        kind: "age",
        statedAge: ageAt(truth.dateOfBirth, truth.applicationDate) + random.pick([-9, -6, 5, 8]),
      };
      truth.statedAge = undefined;
    },
    wanted: reasoned("contradictory-age"),
  },
  {
    name: "sanctioned",
    shape: (truth, random) => sanctioned(truth, random, "listed"),
    wanted: reasoned("sanctions-match"),
  },
  {
    name: "namesake",
    shape: (truth, random) => sanctioned(truth, random, "namesake"),
    wanted: reasoned("possible-sanctions-match"),
  },
  {
    name: "foreign currency",
    shape: (truth, random) => {
      truth.currency = random.pick(["USD", "GBP"] as const);
    },
    wanted: reasoned("currency-not-supported"),
  },
  {
    name: "minor",
    shape: (truth, random) => {
      truth.dateOfBirth = `${Number(truth.applicationDate.slice(0, 4)) - random.integer(16, 17)}-01-02`;
      truth.statedAge = undefined;
    },
    wanted: reasoned("under-age"),
  },
  {
    name: "cash",
    formats: ["statement"],
    shape: (truth, random) => {
      truth.cashDepositsCents = Math.round((truth.incomeCents * random.integer(30, 60)) / 100);
    },
    wanted: reasoned("source-of-funds"),
  },
  {
    name: "wrong identity number",
    shape: (truth, random) => {
      const right = drawIdentity(random);
      truth.identityNumber = right.slice(0, 9) + ((Number(right[9]) + 3) % 10);
    },
    wanted: reasoned("identity-number-invalid"),
  },
  {
    name: "large amount",
    formats: documents,
    shape: (truth, random) => {
      truth.amountCents = random.integer(520, 740) * 10_000;
      truth.termMonths = 96;
      truth.incomeCents = random.integer(4_500, 6_500) * 100;
      truth.obligationsCents = 0;
    },
    wanted: reasoned("large-amount"),
  },
  {
    name: "abroad",
    shape: (truth, random) => {
      truth.country = random.pick(["US", "BR", "CH", "TR"]);
    },
    wanted: reasoned("country-not-served"),
  },
  {
    name: "public office",
    formats: documents,
    shape: (truth) => {
      truth.politicallyExposed = true;
    },
    wanted: reasoned("politically-exposed"),
  },
  {
    name: "noise",
    shape: (truth) => {
      truth.damage = "noise";
    },
    wanted: reasoned("document-unreadable"),
  },
  {
    name: "instructions to software",
    formats: ["letter"],
    shape: (truth) => {
      truth.instructions = true;
    },
    wanted: reasoned("instructions-to-software"),
  },
  {
    name: "short statement",
    formats: ["statement"],
    shape: (truth) => {
      truth.statementMonths = 2;
      truth.overdraftMonths = 0;
    },
    wanted: reasoned("statement-too-short"),
  },
  {
    name: "bitcoin",
    shape: (truth) => {
      truth.purpose = "buying bitcoin";
    },
    wanted: reasoned("purpose-needs-review"),
  },
];

function sanctioned(truth: Truth, random: Random, kind: "listed" | "namesake"): void {
  const entry = random.pick(sanctionsList);
  const [given = "", family = ""] = entry.name.split(" ");
  truth.fullName = { given, family };
  truth.sanctions = kind;
  truth.statedAge = undefined;
  // A namesake is born on another day; a listed person on the day the list has.
  truth.dateOfBirth =
    kind === "listed"
      ? (entry.dateOfBirth ?? truth.dateOfBirth)
      : truth.dateOfBirth === entry.dateOfBirth
        ? "1990-01-15"
        : truth.dateOfBirth;
}
