/** Every number the triage decides by. The README publishes the same numbers; a test holds the two together. */
export const policy = {
  annualRate: 0.079,
  /** What a household is assumed to spend on living, rent and debts apart. */
  livingAllowanceCents: 85_000,
  /** Share of income assumed for housing when no rent or mortgage is stated. */
  assumedHousingShare: 0.25,
  approveFrom: 65,
  declineBelow: 50,
  minimumAmountCents: 100_000,
  maximumAmountCents: 7_500_000,
  /** Above this a second pair of eyes is required, whatever the score. */
  largeAmountCents: 5_000_000,
  minimumTermMonths: 6,
  maximumTermMonths: 96,
  adultAge: 18,
  maximumAgeAtEnd: 75,
  servedCountries: ["AT", "BE", "DE", "ES", "FI", "FR", "IE", "IT", "LU", "NL", "PT"],
  /** Two statements of one income may differ by this share of the greater one; the lower is then used. */
  incomeToleranceShare: 0.05,
  /** Cash paid in, as a share of income, above which the source of funds must be explained. */
  cashShareLimit: 0.2,
  minimumStatementMonths: 3,
  weights: { affordability: 35, debtToIncome: 25, loanToIncome: 15, employment: 15, accountConduct: 10 },
  /** `full` earns the whole weight, `none` earns nothing, linear between. */
  bands: {
    affordability: { full: 0.25, none: 1 },
    debtToIncome: { full: 0.2, none: 0.5 },
    loanToIncome: { full: 0.25, none: 1.5 },
    employment: { full: 36, none: 0 },
  },
  /** Points lost per month with an overdraft; an account nobody has seen earns the neutral points. */
  overdraftPenalty: 3,
  unknownAccountPoints: 6,
} as const;
