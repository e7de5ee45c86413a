/** What a file in benchmarks/ exports as `benchmark`. */
export interface Benchmark {
  /** As given on the command line; also the file's name. */
  readonly name: string;
  /** What is measured against what, in one line. */
  readonly what: string;
  readonly unit: string;
  /** What the ratio (or, without a peer, our number) must reach; null when it is only reported. */
  readonly floor: Floor | null;
  run(): Promise<Result>;
}

export interface Floor {
  readonly of: "ratio" | "ours";
  readonly atLeast?: number;
  readonly atMost?: number;
}

export interface Result {
  readonly ours: number;
  /** Null when there is nothing to compare with. */
  readonly peer: number | null;
  /** Median of the pairs' ratios ours / peer; null without a peer. */
  readonly ratio: number | null;
  readonly ok: boolean;
  /** Settings, differences in durability, side measurements. */
  readonly notes: readonly string[];
}

export interface Measurement {
  readonly ours: number;
  readonly peer: number | null;
  readonly ratio: number | null;
}

/** `besides`: what must hold as well, for example that nothing was lost. */
export const judge = (
  { floor }: Pick<Benchmark, "floor">,
  measured: Measurement,
  notes: readonly string[],
  besides = true,
): Result => ({ ...measured, ok: besides && reaches(floor, measured), notes });

const reaches = (floor: Floor | null, measured: Measurement): boolean => {
  if (floor === null) return true;
  const value = measured[floor.of];
  if (value === null) return false;
  return value >= (floor.atLeast ?? Number.NEGATIVE_INFINITY) && value <= (floor.atMost ?? Number.POSITIVE_INFINITY);
};

export const describeFloor = (floor: Floor | null, unit: string): string => {
  if (floor === null) return "none";
  const suffix = floor.of === "ratio" ? "x" : ` ${unit}`;
  return floor.atLeast !== undefined ? `>= ${floor.atLeast}${suffix}` : `<= ${floor.atMost}${suffix}`;
};
