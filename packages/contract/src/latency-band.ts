/** Words for how fast an agent answers: within 10 ms, within 100 ms, or in seconds, as what asks a model or the outside does. */
export const LATENCY_BANDS = ["instant", "fast", "seconds"] as const;
export type LatencyBand = (typeof LATENCY_BANDS)[number];

const INSTANT_MS = 10;
const FAST_MS = 100;

/** By the most that it may take, in milliseconds. */
export const latencyBand = ({ to }: { readonly to: number }): LatencyBand =>
  to <= INSTANT_MS ? "instant" : to <= FAST_MS ? "fast" : "seconds";
