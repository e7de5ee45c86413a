/** A memory as it lies in the store, under a key that says its pool and its id. */
import type { MemoryEntry } from "@agentcore/contract";

export interface KeptMemory extends Omit<MemoryEntry, "pool" | "id"> {
  /** Whose vector it has. */
  readonly embedder?: string | undefined;
  /** The vector itself, where vectors lie sealed with what they stand for; ten-thousandths. */
  readonly vector?: readonly number[] | undefined;
}

/** In the place of one that was forgotten on purpose, so that a step which runs again does not bring it back. */
export interface GoneMemory {
  readonly goneAt: number;
}

export const isGone = (value: KeptMemory | GoneMemory): value is GoneMemory => "goneAt" in value;

/** Null for what is neither: of another hand, or of a later version. */
export const readKept = (value: unknown): KeptMemory | GoneMemory | null => {
  if (typeof value !== "object" || value === null) return null;
  const { goneAt, text, at, lastUsedAt, uses, importance, tags, source, writtenBy } = value as Partial<
    KeptMemory & GoneMemory
  >;
  if (typeof goneAt === "number") return { goneAt };
  const holds =
    typeof text === "string" &&
    [at, lastUsedAt, uses, importance].every((number) => typeof number === "number") &&
    Array.isArray(tags) &&
    typeof source === "object" &&
    typeof writtenBy === "string";
  return holds ? (value as KeptMemory) : null;
};

export const isOver = ({ expiresAt }: Pick<KeptMemory, "expiresAt">, now: number): boolean =>
  expiresAt !== undefined && expiresAt <= now;
