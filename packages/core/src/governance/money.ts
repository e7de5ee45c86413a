/** Money is counted in whole billionths of a US dollar: sums are exact, and a token of the cheapest model still has a price. */
const NANO_PER_USD = 1_000_000_000;

/** Rounded to the nearest billionth. */
export const nanoUsdOf = (usd: number): number => Math.round(usd * NANO_PER_USD);

export const usdOf = (nanoUsd: number): number => nanoUsd / NANO_PER_USD;

/** For people: `$1.25`; of less than a dollar up to four decimals, of less than a cent two digits that say something. */
export const formatUsd = (nanoUsd: number): string => {
  const usd = usdOf(nanoUsd);
  if (usd === 0 || usd >= 1) return `$${usd.toFixed(2)}`;
  if (usd >= 0.01) return `$${usd.toFixed(4).replace(/0{1,2}$/, "")}`;
  return `$${usd.toFixed(Math.min(9, 1 - Math.floor(Math.log10(usd))))}`;
};
