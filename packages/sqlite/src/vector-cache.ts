/**
 * Scopes of vectors in memory, read from the file when they are first searched. Within a bound in bytes: the scope that
 * was not searched for longest goes first, and one that is larger than the bound stays in the file.
 *
 * What is written is applied here once the file has it. While a scope is being read its changes wait, and are all made,
 * in order, when it has been read to its end: a row that was read with its change already made comes out the same.
 */
import type { VectorScope } from "@agentcore/core/ports";
import { ExactVectors } from "@agentcore/core/storage";
import { readVectors } from "./read-vectors.ts";
import type { VectorSpace } from "./vectors.ts";
import type { WorkerClient } from "./worker-client.ts";

type Change = (vectors: ExactVectors) => void;

/** What a search finds: the vectors, or where to read them because they are too many, or that there are none. */
type OpenedScope = { readonly vectors: ExactVectors } | { readonly tooLarge: VectorSpace } | null;

interface Reading {
  readonly kind: "reading";
  readonly opened: Promise<OpenedScope>;
  readonly waiting: Change[];
}

type Slot =
  | Reading
  | { readonly kind: "held"; readonly vectors: ExactVectors }
  // Until it is cleared, or the next start.
  | { readonly kind: "tooLarge"; readonly tooLarge: VectorSpace };

export class VectorCache {
  private readonly worker: WorkerClient;
  private readonly maxBytes: number;
  /** In the order of their last search. */
  private readonly slots = new Map<string, Slot>();
  private heldBytes = 0;
  // One scope is read at a time, so that what is read and what is held stay within the bound together.
  private lastRead: Promise<unknown> = Promise.resolve();

  constructor(worker: WorkerClient, maxBytes: number) {
    this.worker = worker;
    this.maxBytes = maxBytes;
  }

  async open(scope: VectorScope): Promise<OpenedScope> {
    const key = keyOf(scope);
    const slot = this.slots.get(key) ?? this.startReading(key, scope);
    this.slots.delete(key);
    this.slots.set(key, slot);
    return slot.kind === "reading" ? slot.opened : slot;
  }

  /** Called in the order in which the file was written. */
  change(scope: VectorScope, change: Change): void {
    const slot = this.slots.get(keyOf(scope));
    if (slot?.kind === "reading") slot.waiting.push(change);
    if (slot?.kind !== "held") return;
    const before = slot.vectors.bytes;
    change(slot.vectors);
    this.heldBytes += slot.vectors.bytes - before;
    this.makeRoom(0);
  }

  /** Called when the scope was cleared. */
  forget(scope: VectorScope): void {
    const key = keyOf(scope);
    const slot = this.slots.get(key);
    if (slot !== undefined) this.drop(key, slot);
  }

  private startReading(key: string, scope: VectorScope): Slot {
    // `slot` is there before it is used: reading begins in a later microtask.
    const opened = this.lastRead.then(() => this.read(key, scope, slot));
    const slot: Reading = { kind: "reading", opened, waiting: [] };
    this.lastRead = opened.catch(() => undefined);
    return slot;
  }

  private async read(key: string, scope: VectorScope, slot: Reading): Promise<OpenedScope> {
    // Whoever clears the scope meanwhile has taken the slot away.
    const isCurrent = (): boolean => this.slots.get(key) === slot;
    try {
      const space = await this.worker.read("vectorSpace", scope);
      const vectors = space === null ? null : await this.readAll(space);
      if (!isCurrent()) return null;
      if (space === null) {
        this.slots.delete(key);
        return null;
      }
      if (vectors === null) {
        const tooLarge: Slot = { kind: "tooLarge", tooLarge: space };
        this.slots.set(key, tooLarge);
        return tooLarge;
      }
      for (const change of slot.waiting) change(vectors);
      this.slots.set(key, { kind: "held", vectors });
      this.heldBytes += vectors.bytes;
      this.makeRoom(0);
      return { vectors };
    } catch (error) {
      if (isCurrent()) this.slots.delete(key);
      throw error;
    }
  }

  /** Null when they are more than may be held. */
  private async readAll(space: VectorSpace): Promise<ExactVectors | null> {
    const vectors = new ExactVectors(space.dimensions);
    for await (const page of readVectors(this.worker, space)) {
      for (const entry of page) vectors.set(entry);
      if (vectors.bytes > this.maxBytes) return null;
      this.makeRoom(vectors.bytes);
    }
    return vectors;
  }

  private makeRoom(bytes: number): void {
    for (const [key, slot] of this.slots) {
      if (this.heldBytes + bytes <= this.maxBytes) return;
      if (slot.kind === "held") this.drop(key, slot);
    }
  }

  private drop(key: string, slot: Slot): void {
    this.slots.delete(key);
    if (slot.kind === "held") this.heldBytes -= slot.vectors.bytes;
  }
}

const keyOf = ({ tenantId, namespace }: VectorScope): string => JSON.stringify([tenantId, namespace]);
