/** A time as people read it: rounded up to a tenth of a second, from ten seconds on to whole ones; what is shorter than a tenth as it is. */
export const formatSeconds = (ms: number): string => {
  const step = ms >= 10_000 ? 1_000 : ms >= 100 ? 100 : 1;
  return `${(Math.ceil(ms / step) * step) / 1_000} s`;
};
