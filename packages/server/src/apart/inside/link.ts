import type { FromApart, Settled, ToApart } from "../messages.ts";

/** The way to the node, from where code runs apart. What is said by `send` and `ask` arrives in that order. */
export interface Link {
  send(message: FromApart): void;
  /** Waits, with all else, for the node's answer. */
  ask(message: Extract<FromApart, { type: "ask" }>): Settled;
  listen(hear: (message: ToApart) => void): void;
}
