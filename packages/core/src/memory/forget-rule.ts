import { wordsOf } from "../text/words.ts";
import type { KeptMemory } from "./kept-memory.ts";

/** What somebody wants gone. `writtenBy`: only of that hand. */
export interface ForgetRule {
  readonly which:
    | { readonly id: string }
    | { readonly words: string }
    | { readonly task: string }
    | { readonly document: string }
    | { readonly caller: string }
    | { readonly all: true };
  readonly writtenBy?: string | undefined;
}

export const isSameRule = (one: ForgetRule, other: ForgetRule): boolean =>
  one.writtenBy === other.writtenBy && JSON.stringify(one.which) === JSON.stringify(other.which);

/** Whether a memory is one that it wants gone. */
export const fitting = ({ which, writtenBy }: ForgetRule): ((memory: KeptMemory) => boolean) => {
  const isOfHand = (memory: KeptMemory): boolean => writtenBy === undefined || memory.writtenBy === writtenBy;
  if ("words" in which) {
    const wanted = [...new Set(wordsOf(which.words))];
    return (memory) => {
      if (!isOfHand(memory)) return false;
      const words = new Set(wordsOf(memory.text));
      return wanted.length > 0 && wanted.every((word) => words.has(word));
    };
  }
  if ("task" in which) return (memory) => isOfHand(memory) && memory.source.taskId === which.task;
  if ("document" in which) return (memory) => isOfHand(memory) && memory.source.document === which.document;
  if ("caller" in which) return (memory) => isOfHand(memory) && memory.source.caller === which.caller;
  return "all" in which ? isOfHand : () => false;
};
