/** The work of the workflow benchmarks, the same for everyone measured: each builds its own graph of these functions. */
import { hash } from "node:crypto";

/** What every node gives: about 100 bytes as JSON. */
export interface NodeResult {
  readonly node: string;
  readonly value: number;
  readonly text: string;
}

/** State of the loop: about 200 bytes as JSON, all changed by every turn. */
export interface TurnResult {
  readonly turn: number;
  readonly text: string;
}

export interface Checks {
  readonly credit: NodeResult;
  readonly identity: NodeResult;
  readonly fraud: NodeResult;
}

/** Nodes that a run goes through: of `simple` and `detailed`, and of `accept` and `refuse`, it takes one. */
export const NODES = 10;
export const TURNS = 1_000;

/** Does not compress, and is made before it is needed. */
const texts = (count: number, characters: number): readonly string[] =>
  Array.from({ length: count }, (_, each) =>
    (hash("sha512", `${each}.0`, "base64") + hash("sha512", `${each}.1`, "base64")).slice(0, characters),
  );
const NODE_TEXTS = texts(512, 60);
const TURN_TEXTS = texts(512, 172);
const textOf = (made: readonly string[], value: number): string => made[value % made.length] ?? "";

const resultOf = (node: string, value: number): NodeResult => ({ node, value, text: textOf(NODE_TEXTS, value) });

/** receive, parse, simple or detailed, three checks at once, merge, score, accept or refuse, finish. */
export const work = {
  receive: async (order: number) => resultOf("receive", order),
  parse: async ({ value }: NodeResult) => resultOf("parse", value + 1),
  isDetailed: ({ value }: NodeResult) => value % 2 === 0,
  detailed: async ({ value }: NodeResult) => resultOf("detailed", value + 2),
  simple: async ({ value }: NodeResult) => resultOf("simple", value + 3),
  credit: async ({ value }: NodeResult) => resultOf("credit", value + 4),
  identity: async ({ value }: NodeResult) => resultOf("identity", value + 5),
  fraud: async ({ value }: NodeResult) => resultOf("fraud", value + 6),
  merge: async ({ credit, identity, fraud }: Checks) =>
    resultOf("merge", credit.value + 2 * identity.value + 3 * fraud.value),
  score: async ({ value }: NodeResult) => resultOf("score", value % 100),
  isAccepted: ({ value }: NodeResult) => value < 50,
  accept: async ({ value }: NodeResult) => resultOf("accept", value + 1000),
  refuse: async ({ value }: NodeResult) => resultOf("refuse", value + 2000),
  finish: async ({ value }: NodeResult) => resultOf("finish", value),

  /** Before the first turn. */
  begin: (): TurnResult => ({ turn: 0, text: textOf(TURN_TEXTS, 0) }),
  turn: async ({ turn }: TurnResult): Promise<TurnResult> => ({ turn: turn + 1, text: textOf(TURN_TEXTS, turn + 1) }),
  isLast: ({ turn }: TurnResult) => turn >= TURNS,
};
export type Work = typeof work;

/** The value that a run must end with. */
export const expectedOf = async (order: number): Promise<number> => {
  const parsed = await work.parse(await work.receive(order));
  const taken = await (work.isDetailed(parsed) ? work.detailed(parsed) : work.simple(parsed));
  const [credit, identity, fraud] = await Promise.all([work.credit(taken), work.identity(taken), work.fraud(taken)]);
  const scored = await work.score(await work.merge({ credit, identity, fraud }));
  return (await work.finish(await (work.isAccepted(scored) ? work.accept(scored) : work.refuse(scored)))).value;
};
