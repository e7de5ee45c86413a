import { isLive, type Replica } from "../registry/index.ts";

export interface PickFacts {
  /** Monotonic milliseconds. */
  readonly now: number;
  readonly heartbeatTimeoutMs: number;
  /** 0 ≤ random < 1. */
  readonly random: number;
  readonly stickyKey?: string | undefined;
}

/**
 * The less loaded of two live replicas taken at random (near the least loaded of all, without a herd on it), or for a
 * sticky key always the same one while it lives. Undefined when none lives.
 */
export const pickReplica = (replicas: readonly Replica[], facts: PickFacts): Replica | undefined => {
  const { now, heartbeatTimeoutMs, stickyKey } = facts;
  const first = replicas[0];
  if (replicas.length === 1 && first !== undefined) return isLive(first, now, heartbeatTimeoutMs) ? first : undefined;
  const live = replicas.filter((replica) => isLive(replica, now, heartbeatTimeoutMs));
  if (live.length < 2) return live[0];
  if (stickyKey !== undefined) return rendezvous(live, stickyKey);
  // One number for both picks: the whole part chooses the first, what is left of it the second.
  const scaled = facts.random * live.length;
  const i = Math.min(Math.floor(scaled), live.length - 1);
  const step = 1 + Math.min(Math.floor((scaled - i) * (live.length - 1)), live.length - 2);
  const a = live[i] as Replica;
  const b = live[(i + step) % live.length] as Replica;
  return b.inflight < a.inflight ? b : a;
};

// Highest hash of (key, replica): when a replica goes, only its own keys move.
const rendezvous = (live: readonly Replica[], key: string): Replica | undefined => {
  let best: Replica | undefined;
  let highest = -1;
  for (const replica of live) {
    const weight = fnv1a(`${key}\u0000${replica.id}`);
    if (weight > highest || (weight === highest && best !== undefined && replica.id < best.id)) {
      highest = weight;
      best = replica;
    }
  }
  return best;
};

const fnv1a = (text: string): number => {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  // FNV alone barely mixes the last characters into the high bits, and replica ids differ in just those.
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39);
  return (hash ^ (hash >>> 15)) >>> 0;
};
