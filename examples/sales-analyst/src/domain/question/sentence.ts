import type { Element, ElementOf } from "./element.ts";

export interface Placed<Kind extends Element["kind"]> {
  readonly at: number;
  readonly element: ElementOf<Kind>;
}

/** The elements of a question and which of them have found their part. At the end none may be left over. */
export class Sentence {
  readonly elements: readonly Element[];
  readonly #used = new Set<number>();

  constructor(elements: readonly Element[]) {
    this.elements = elements;
  }

  /** Elements of a kind that have no part yet. */
  open<Kind extends Element["kind"]>(kind: Kind): readonly Placed<Kind>[] {
    return this.elements.flatMap((element, at) =>
      isOf(element, kind) && !this.#used.has(at) ? [{ at, element }] : [],
    );
  }

  has(kind: Element["kind"]): boolean {
    return this.elements.some((element) => element.kind === kind);
  }

  use(...positions: readonly number[]): void {
    for (const at of positions) this.#used.add(at);
  }

  /** Uses every open element of the kinds. */
  useAll(...kinds: readonly Element["kind"][]): void {
    for (const kind of kinds) this.use(...this.open(kind).map(({ at }) => at));
  }

  isUsed(at: number): boolean {
    return this.#used.has(at);
  }

  /** The next element that is not filler. */
  after(at: number): number {
    return this.#skip(at + 1, 1);
  }

  before(at: number): number {
    return this.#skip(at - 1, -1);
  }

  at<Kind extends Element["kind"]>(position: number, kind: Kind): ElementOf<Kind> | undefined {
    const element = this.elements[position];
    return element && isOf(element, kind) ? element : undefined;
  }

  leftOver(): readonly Element[] {
    return this.elements.filter(
      (element, at) => element.kind !== "filler" && element.kind !== "join" && !this.#used.has(at),
    );
  }

  #skip(from: number, step: 1 | -1): number {
    let at = from;
    while (this.elements[at]?.kind === "filler") at += step;
    return at;
  }
}

function isOf<Kind extends Element["kind"]>(element: Element, kind: Kind): element is ElementOf<Kind> {
  return element.kind === kind;
}
