import type { ModelMessage } from "@agentcore/contract/authoring";

/** Messages that stand or go together. */
export interface MessageUnit {
  readonly messages: readonly ModelMessage[];
}

/** A call of tools and all its results are one: providers refuse the one without the others. Every other message is by itself. */
export const messageUnits = (messages: readonly ModelMessage[]): readonly MessageUnit[] => {
  const units: ModelMessage[][] = [];
  for (const message of messages) {
    const last = units.at(-1);
    if (message.role === "tool" && last !== undefined && (last[0]?.toolCalls?.length ?? 0) > 0) last.push(message);
    else units.push([message]);
  }
  return units.map((unit) => ({ messages: unit }));
};
