/**
 * What a workflow means, as simply as it can be said: async functions that call each other over the tree of blocks. Nothing is recorded, nothing can
 * be continued. In which order work ended is not its business: it is told by `settle`.
 */
import type { WorkflowScope } from "@agentcore/contract/authoring";
import { itemsOf, type Named, seen, wayOf, workInput } from "./generate.ts";

export type Settled = { readonly value: unknown } | { readonly error: string };
export type ReferenceEnd =
  | { readonly type: "completed"; readonly output: unknown }
  | {
      readonly type: "failed";
      readonly error: string;
      /** What failed in the same instant: which of them comes first nobody promises. */
      readonly errors: readonly string[];
      readonly undone: readonly string[];
      readonly stands: readonly string[];
    };

class Failure extends Error {}
/** Nobody waits for it any more. */
class Over extends Error {}

interface Walk {
  readonly prefix: string;
  readonly outer: WorkflowScope;
  readonly nodes: Record<string, unknown>;
  readonly errors: Record<string, { code: string; message: string }>;
  readonly visits: Map<string, number>;
  readonly gates: Map<string, number>;
  previous: unknown;
  turn: number | undefined;
  isOver: boolean;
  readonly parent: Walk | null;
}

interface OpenWork {
  readonly input: unknown;
  readonly isOver: () => boolean;
  readonly settle: (settled: Settled) => void;
}

export class Reference {
  readonly open = new Map<string, OpenWork>();
  end: ReferenceEnd | null = null;
  private readonly undo: { readonly address: string; readonly id: string }[] = [];
  private readonly undone: string[] = [];
  private readonly stands: string[] = [];
  private failure: string | null = null;
  /** Since something was last told of. */
  private failures: string[] = [];
  private readonly input: unknown;
  private readonly settles: ReadonlySet<string>;
  private rootWalk: Walk | null = null;

  /** `settles`: what came to an end at all. Work that nobody waited for any more before its turn came is not begun. */
  constructor(input: unknown, settles: ReadonlySet<string>) {
    this.input = input;
    this.settles = settles;
  }

  start(blocks: readonly Named[]): void {
    const root = this.walk("", { input: this.input, nodes: {}, errors: {}, previous: this.input }, null);
    this.rootWalk = root;
    this.sequence(blocks, root).then(
      () => {
        if (this.failure === null) this.end = { type: "completed", output: seen("end", scopeOf(root)) };
      },
      (error: unknown) => this.stop(error instanceof Failure ? error.message : String(error)),
    );
  }

  /** A cancel, or a failure: nothing new begins; what is under way is waited for, then all is taken back. */
  stop(error: string): void {
    if (this.failure !== null || this.end !== null) return;
    this.failure = error;
    if (this.rootWalk !== null) this.rootWalk.isOver = true;
    this.takeBackIfQuiet();
  }

  settle(address: string, settled: Settled): boolean {
    const work = this.open.get(address);
    if (work === undefined) return false;
    this.open.delete(address);
    if (this.failure === null) this.failures = [];
    work.settle(settled);
    return true;
  }

  takeBackIfQuiet(): void {
    if (this.failure === null || this.end !== null) return;
    for (const [address, { isOver }] of this.open)
      if (isOver() && !this.settles.has(address)) this.open.delete(address);
    if (this.open.size > 0) return;
    const last = this.undo.pop();
    if (last === undefined) {
      const { failure, failures, undone, stands } = this;
      this.end = { type: "failed", error: failure, errors: [failure, ...failures], undone, stands };
      return;
    }
    this.tryUndo(last.address, 1);
  }

  private tryUndo(address: string, attempt: number): void {
    const suffix = attempt === 1 ? "" : `@${attempt}`;
    this.open.set(`${address}~undo${suffix}`, {
      input: null,
      isOver: () => false,
      settle: (settled) => {
        if ("value" in settled) {
          this.undone.push(address);
          return;
        }
        this.open.set(`${address}~stands${suffix}`, {
          input: null,
          isOver: () => false,
          settle: (answer) => {
            const verdict = "value" in answer ? answer.value : "leave";
            if (verdict === "retry") this.tryUndo(address, attempt + 1);
            else if (verdict === "done") this.undone.push(address);
            else this.stands.push(address);
          },
        });
      },
    });
  }

  /** What an expression fails with, its node fails with. */
  private given<Value>(evaluate: () => Value): Value {
    try {
      return evaluate();
    } catch (error) {
      throw this.failed((error as Error).message);
    }
  }

  private failed(error: string): Failure {
    this.failures.push(error);
    return new Failure(error);
  }

  private walk(prefix: string, outer: WorkflowScope, parent: Walk | null): Walk {
    const { previous } = outer;
    const own = { nodes: {}, errors: {}, visits: new Map<string, number>(), gates: new Map<string, number>() };
    return { prefix, outer, ...own, previous, turn: undefined, isOver: false, parent };
  }

  private visit(walk: Walk, id: string): string {
    const visit = (walk.visits.get(id) ?? 0) + 1;
    walk.visits.set(id, visit);
    return `${walk.prefix}${id}${visit === 1 ? "" : `@${visit}`}`;
  }

  private async sequence(blocks: readonly Named[], walk: Walk): Promise<void> {
    for (const block of blocks) {
      if (over(walk)) throw new Over();
      await this.one(block, walk);
    }
  }

  private call(walk: Walk, address: string, input: unknown, onValue?: () => void): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.open.set(address, {
        input,
        isOver: () => over(walk),
        settle: (settled) => {
          if ("value" in settled) onValue?.();
          if (over(walk)) return reject(new Over());
          if ("value" in settled) resolve(settled.value);
          else reject(this.failed(settled.error));
        },
      });
    });
  }

  private async one(block: Named, walk: Walk): Promise<void> {
    const { id } = block;
    const complete = (output: unknown): void => {
      walk.nodes[id] = output;
      walk.previous = output;
    };
    switch (block.type) {
      case "work": {
        const address = this.visit(walk, id);
        try {
          const input = this.given(() => workInput(block, scopeOf(walk)));
          complete(await this.call(walk, address, input, () => block.undo !== null && this.undo.push({ address, id })));
        } catch (error) {
          if (!(error instanceof Failure) || block.rescue === null) throw error;
          walk.errors[id] = { code: "", message: "" };
          await this.sequence(block.rescue, walk);
        }
        return;
      }
      case "wait":
        await this.call(walk, this.visit(walk, id), null);
        complete(null);
        return;
      case "decide": {
        const way = wayOf(block, scopeOf(walk));
        this.visit(walk, id);
        return this.sequence(block.ways[way] ?? [], walk);
      }
      case "fail":
        throw this.failed(`${id} says no`);
      case "loop":
        for (let turn = 1; ; turn++) {
          const outer = walk.turn;
          walk.turn = turn;
          await this.sequence(block.body, walk);
          walk.turn = outer;
          this.visit(walk, id);
          if (turn === block.enough) return complete(walk.previous);
          if (turn < block.maxTurns) continue;
          complete(walk.previous);
          if (block.otherwise === null) throw this.failed(`${id} has used up its turns`);
          return this.sequence(block.otherwise, walk);
        }
      case "gate":
        for (let turn = 1; ; turn++) {
          await this.sequence(block.body, walk);
          this.visit(walk, id);
          if (turn === block.enough) return;
          if (turn < block.maxTurns) continue;
          if (block.otherwise === null) throw this.failed(`${id} did not pass`);
          return this.sequence(block.otherwise, walk);
        }
      case "map": {
        const address = this.visit(walk, id);
        const items = this.given(() => itemsOf(block, scopeOf(walk)));
        if (items.length === 0) return complete([]);
        return complete(await this.map(block, walk, address, items));
      }
      case "parallel":
        return complete(await this.parallel(block, walk));
    }
  }

  private async map(
    block: Extract<Named, { type: "map" }>,
    walk: Walk,
    address: string,
    items: readonly string[],
  ): Promise<unknown[]> {
    const children: Walk[] = [];
    const outputs: unknown[] = items.map(() => null);
    let next = 0;
    const worker = async (): Promise<void> => {
      for (let index = next++; index < items.length; index = next++) {
        if (over(walk)) throw new Over();
        const item = items[index];
        const child = this.walk(`${address}.${index}/`, { ...scopeOf(walk), previous: item, item, index }, walk);
        children.push(child);
        try {
          await this.sequence(block.body, child);
          outputs[index] = child.previous;
        } catch (error) {
          child.isOver = true;
          if (!(error instanceof Failure) || block.onFailure === "fail") throw error;
        }
      }
    };
    try {
      await Promise.all(Array.from({ length: Math.min(block.concurrency, items.length) }, worker));
    } catch (error) {
      for (const child of children) child.isOver = true;
      throw error;
    }
    return outputs;
  }

  private parallel(block: Extract<Named, { type: "parallel" }>, walk: Walk): Promise<unknown> {
    const address = this.visit(walk, `${block.id}fork`);
    const need = block.need ?? (block.merge === "first" ? 1 : null);
    const until = block.until ?? null;
    const failFast = (block.onFailure ?? (need === null && until === null ? "fail" : "ignore")) === "fail";
    const least = need ?? (failFast ? block.branches.length : 1);
    const children = block.branches.map((_, index) => this.walk(`${address}.b${index}/`, scopeOf(walk), walk));
    const done: number[] = [];
    let running = block.branches.length;
    return new Promise((resolve, reject) => {
      const finish = (): void => {
        for (const child of children) child.isOver = true;
        for (const index of done.toSorted((left, right) => left - right))
          Object.assign(walk.nodes, children[index]?.nodes);
        const outputs = done
          .toSorted((left, right) => left - right)
          .map((index) => [`b${index}`, children[index]?.previous] as const);
        if (block.merge === "first") resolve(children[done[0] ?? 0]?.previous);
        else resolve(block.merge === "list" ? outputs.map(([, output]) => output) : Object.fromEntries(outputs));
      };
      let isOver = false;
      const ended = (error: Failure | null): void => {
        running -= 1;
        if (isOver || over(walk)) return;
        const isDecided = until !== null && error === null && running > 0 && done.length >= until;
        const enough = isDecided || (need !== null && done.length >= need);
        if (error !== null && failFast) isOver = true;
        else if (!enough && done.length + running < least) isOver = true;
        else if (enough || running === 0) {
          isOver = true;
          return finish();
        } else return;
        for (const child of children) child.isOver = true;
        reject(error ?? this.failed(`${block.id}: no branch is left`));
      };
      for (const [index, branch] of block.branches.entries())
        this.sequence(branch, children[index] as Walk).then(
          () => {
            if (!over(children[index] as Walk)) done.push(index);
            ended(null);
          },
          (error: unknown) => {
            if (error instanceof Failure) ended(error);
            else running -= 1;
          },
        );
    });
  }
}

const over = (walk: Walk): boolean => walk.isOver || (walk.parent !== null && over(walk.parent));

const scopeOf = (walk: Walk): WorkflowScope => {
  const outer = walk.parent === null ? walk.outer : { ...walk.outer };
  return {
    ...outer,
    nodes: { ...outer.nodes, ...walk.nodes },
    errors: { ...outer.errors, ...walk.errors },
    previous: walk.previous,
    ...(walk.turn === undefined ? {} : { turn: walk.turn }),
  };
};
