import type { ListedVector, NearVector } from "../ports/vector-index.ts";
import { compareIds } from "./vector-input.ts";

/** The best `limit` of what it is offered: a heap with the worst of them on top, so that most offers cost one comparison. */
export class NearestList {
  private readonly heap: NearVector[] = [];
  private readonly limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }

  offer(similarity: number, { id, metadata }: ListedVector): void {
    const worst = this.heap[0];
    if (this.heap.length < this.limit || worst === undefined) {
      this.heap.push({ id, similarity, metadata });
      this.rise(this.heap.length - 1);
      return;
    }
    if (similarity < worst.similarity || (similarity === worst.similarity && compareIds(id, worst.id) > 0)) return;
    this.heap[0] = { id, similarity, metadata };
    this.sink(0);
  }

  /** What an offer has to reach; -Infinity while there is room. */
  get worst(): number {
    return this.heap.length < this.limit
      ? Number.NEGATIVE_INFINITY
      : (this.heap[0]?.similarity ?? Number.NEGATIVE_INFINITY);
  }

  /** Best first, equals by id. The metadata are the caller's own. */
  sorted(): readonly NearVector[] {
    return [...this.heap].sort(compare).map((near) => ({ ...near, metadata: { ...near.metadata } }));
  }

  private rise(from: number): void {
    for (let child = from; child > 0; ) {
      const parent = (child - 1) >> 1;
      if (!this.isWorse(child, parent)) return;
      this.swap(child, parent);
      child = parent;
    }
  }

  private sink(from: number): void {
    for (let parent = from; ; ) {
      let worst = parent;
      for (const child of [2 * parent + 1, 2 * parent + 2]) if (this.isWorse(child, worst)) worst = child;
      if (worst === parent) return;
      this.swap(worst, parent);
      parent = worst;
    }
  }

  private isWorse(index: number, than: number): boolean {
    const [left, right] = [this.heap[index], this.heap[than]];
    return left !== undefined && right !== undefined && compare(left, right) > 0;
  }

  private swap(index: number, other: number): void {
    const [left, right] = [this.heap[index], this.heap[other]];
    if (left === undefined || right === undefined) return;
    this.heap[index] = right;
    this.heap[other] = left;
  }
}

const compare = (left: NearVector, right: NearVector): number =>
  right.similarity - left.similarity || compareIds(left.id, right.id);
