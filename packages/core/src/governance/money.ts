/** Money is counted in whole billionths of a US dollar: sums are exact, and a token of the cheapest model still has a price. */
const NANO_PER_USD = 1_000_000_000;

/** Rounded to the nearest billionth. */
export const nanoUsdOf = (usd: number): number => Math.round(usd * NANO_PER_USD);

export const usdOf = (nanoUsd: number): number => nanoUsd / NANO_PER_USD;

/** For people: `$1.25`, and of less than a cent two digits that say something. */
export const formatUsd = (nanoUsd: number): string => {
  const usd = usdOf(nanoUsd);
  if (usd === 0 || usd >= 0.01) return `$${usd.toFixed(2)}`;
  return `$${usd.toPrecision(2).includes("e") ? usd.toFixed(9) : usd.toPrecision(2)}`;
};
