/** Of US dollars: `$1.25`; of less than a dollar up to four decimals, of less than a cent two digits that say something. */
export const formatUsd = (usd: number): string => {
  if (usd === 0 || usd >= 1) return `$${usd.toFixed(2)}`;
  if (usd >= 0.01) return `$${usd.toFixed(4).replace(/0{1,2}$/, "")}`;
  return `$${usd.toFixed(Math.min(9, 1 - Math.floor(Math.log10(usd))))}`;
};

export const formatTokens = (tokens: number): string => `${tokens.toLocaleString("en-US")} tokens`;
