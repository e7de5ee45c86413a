/** Of the standard normal distribution: bounds that hold with 95 % on both sides. */
const Z = 1.959964;

/**
 * Wilson's bounds for the share that `count` of `total` stands for (Wilson 1927): good for small numbers and for shares near 0, where the usual
 * ones are not. Of nothing: 0 and 1.
 */
export const wilsonBounds = (count: number, total: number): { readonly lower: number; readonly upper: number } => {
  if (total === 0) return { lower: 0, upper: 1 };
  const share = count / total;
  const square = Z * Z;
  const centre = share + square / (2 * total);
  const spread = Z * Math.sqrt((share * (1 - share)) / total + square / (4 * total * total));
  const scale = 1 + square / total;
  return { lower: Math.max(0, (centre - spread) / scale), upper: Math.min(1, (centre + spread) / scale) };
};
