import type { ModelTarget } from "../model-target.ts";
import type { TargetView } from "./target-calls.ts";

export interface OrderFacts {
  /** Of one name: its hosts and keys. */
  readonly targets: readonly ModelTarget[];
  readonly viewOf: (target: ModelTarget) => TargetView;
  /** Whether the model lies in the host's memory; undefined where nobody knows. @default nobody knows */
  readonly isLoaded?: ((target: ModelTarget) => boolean | undefined) | undefined;
  /** Of the answer, for comparing how long it takes. */
  readonly outputTokens: number;
  /** 0 ≤ random < 1. */
  readonly random: number;
}

/** Calls at once that a host of Ollama works on without making others wait: the first of a model's hosts, and the others. */
const PRIMARY_PARALLEL = 4;
const WORKER_PARALLEL = 2;

// Others of the list may have been left out.
const parallelOf = ({ id, name }: ModelTarget): number =>
  id === name || id === `${name}#1` ? PRIMARY_PARALLEL : WORKER_PARALLEL;

/** Of one that failed every time, the time that an answer takes counts as this many. */
const MOST_TRIES = 20;

/**
 * In the order that they are to be asked. Hosts of Ollama that have as many calls as they work on at once come last, those that would have to load the
 * model before; all others as the model prefers, or else the less busy of two taken at random and then by load. Who was never measured, or not lately, comes first: else nobody would ever know.
 */
export const orderTargets = ({
  targets,
  viewOf,
  isLoaded = () => undefined,
  outputTokens,
  random,
}: OrderFacts): readonly ModelTarget[] => {
  if (targets.length < 2) return targets;
  const prefer = targets[0]?.prefer;
  const facts = targets.map((target, index) => {
    const view = viewOf(target);
    const parallel = target.provider === "ollama" ? parallelOf(target) : undefined;
    return {
      ...{ target, index, view },
      expectedMs: view.expectedMs(outputTokens) ?? 0,
      isBusy: view.isFull || (parallel !== undefined && view.underWay >= parallel),
      mustLoad: isLoaded(target) === false,
    };
  });
  type Fact = (typeof facts)[number];
  const measure: (fact: Fact) => number = (() => {
    switch (prefer) {
      case "speed":
        return ({ expectedMs }) => expectedMs;
      case "reliability":
        return ({ view }) => view.failureRate;
      case "balance":
        // The time until one call more is answered, with as many tries as it takes.
        return ({ expectedMs, view }) =>
          (view.underWay + 1) * (expectedMs || 1) * Math.min(MOST_TRIES, 1 / (1 - view.failureRate));
      case undefined:
        return ({ view }) => view.underWay;
    }
  })();
  const rank = ({ isBusy, mustLoad }: Fact): number => (isBusy ? 2 : mustLoad ? 1 : 0);
  const ordered = facts.toSorted(
    (left, right) =>
      rank(left) - rank(right) ||
      measure(left) - measure(right) ||
      left.view.underWay - right.view.underWay ||
      left.index - right.index,
  );
  const order = prefer === undefined ? lessOfTwoFirst(ordered, rank, random) : ordered;
  return order.map(({ target }) => target);
};

/** Near the least loaded of all, without all nodes going to the same one. */
const lessOfTwoFirst = <Fact>(
  ordered: readonly Fact[],
  rank: (fact: Fact) => number,
  random: number,
): readonly Fact[] => {
  const [best] = ordered;
  if (best === undefined) return ordered;
  const equals = ordered.filter((fact) => rank(fact) === rank(best));
  if (equals.length < 2) return ordered;
  // One number for both: its whole part takes the first, what is left of it the second.
  const scaled = random * equals.length;
  const first = Math.min(Math.floor(scaled), equals.length - 1);
  const step = 1 + Math.min(Math.floor((scaled - first) * (equals.length - 1)), equals.length - 2);
  const chosen = equals[Math.min(first, (first + step) % equals.length)];
  return chosen === undefined ? ordered : [chosen, ...ordered.filter((fact) => fact !== chosen)];
};
