/** One walk through a region: the workflow itself, a branch, an item. Where it stands, and what came of its nodes. */
import type { WorkflowFrameState, WorkflowNodeError } from "@agentcore/contract";
import type { WorkflowScope } from "@agentcore/contract/authoring";
import type { MapNode, ParallelNode } from "./compile-workflow.ts";
import { frozenCopy } from "./frozen-copy.ts";

/** Children under way for a `parallel` or a `map`. */
export interface Fan {
  readonly node: ParallelNode | MapNode;
  readonly address: string;
  readonly frames: Set<Frame>;
  /** By branch, or by index. */
  readonly outputs: Map<string, unknown>;
  /** Branches and items in the order they succeeded in. */
  readonly order: string[];
  /** What nodes of branches gave, for those after the join. */
  readonly nodes: Map<string, Readonly<Record<string, unknown>>>;
  /** Of a map: the next item to begin. */
  next: number;
  /** Of a map, evaluated where needed. */
  items: readonly unknown[] | null;
  /** Of a map: items in all. */
  readonly total: number | null;
}

const frozenValues = (values: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, frozenCopy(value)]));

export class Frame {
  /** Of the fan that it belongs to: the branch, or the index. */
  readonly name: string;
  /** Before the addresses of its calls. */
  readonly prefix: string;
  readonly parent: { readonly frame: Frame; readonly fan: Fan } | null;
  at: string;
  outputs: Record<string, unknown> = {};
  errors: Record<string, WorkflowNodeError> = {};
  /** The node whose output came last. */
  previous: string | null = null;
  visits: Record<string, number> = {};
  turns: Record<string, number> = {};
  fan: Fan | null = null;
  private shown: Readonly<Record<string, unknown>> | null = null;
  /** A call of it is under way. */
  isWaiting = false;
  /** Nothing of it goes on: what its calls come to is for nobody but the undo. */
  isOver = false;

  constructor(at: string, name: string, parent: Frame["parent"]) {
    this.at = at;
    this.name = name;
    this.parent = parent;
    this.prefix = parent === null ? "" : `${parent.fan.address}.${name}/`;
  }

  get item(): { readonly item: unknown; readonly index: number } | null {
    if (this.parent?.fan.node.type !== "map") return null;
    const index = Number(this.name);
    return { item: this.parent.fan.items?.[index], index };
  }

  /** The address of the next visit to a node. Never the same twice in a run. */
  visit(id: string): string {
    this.visits[id] = (this.visits[id] ?? 0) + 1;
    return this.addressOf(id);
  }

  /** Of the last visit. */
  addressOf(id: string): string {
    const visit = this.visits[id] ?? 1;
    return `${this.prefix}${id}${visit === 1 ? "" : `@${visit}`}`;
  }

  /** As if it had not been visited this time. */
  unvisit(id: string): void {
    const visits = (this.visits[id] ?? 1) - 1;
    if (visits > 0) this.visits[id] = visits;
    else delete this.visits[id];
  }

  complete(id: string, output: unknown): void {
    this.outputs[id] = output;
    this.previous = id;
    this.shown = null;
  }

  /** More outputs, of branches that have met. */
  add(outputs: Readonly<Record<string, unknown>> | undefined): void {
    Object.assign(this.outputs, outputs);
    this.shown = null;
  }

  /** The outputs as functions are given them, who cannot change them. */
  private get seen(): Readonly<Record<string, unknown>> {
    this.shown ??= Object.freeze({ ...this.outputs });
    return this.shown;
  }

  /** What expressions of a node see. `loop`: the one whose turns count for it. */
  scope(input: unknown, loop: string | null): WorkflowScope {
    if (this.parent === null) {
      const { outputs, errors } = this;
      const turn = loop === null ? undefined : this.turns[loop];
      const previous = this.previous === null ? input : outputs[this.previous];
      return { input, nodes: this.seen, errors: { ...errors }, previous, ...(turn === undefined ? {} : { turn }) };
    }
    const { frame, fan } = this.parent;
    const outer = frame.scope(input, fan.node.loop);
    const { item } = this;
    const first = item === null ? outer.previous : item.item;
    const turn = loop === null ? outer.turn : this.turns[loop];
    return {
      ...outer,
      nodes: { ...outer.nodes, ...this.outputs },
      errors: { ...outer.errors, ...this.errors },
      previous: this.previous === null ? first : this.outputs[this.previous],
      ...item,
      ...(turn === undefined ? {} : { turn }),
    };
  }

  toState(): WorkflowFrameState {
    const { name, at, outputs, errors, previous, visits, turns, isWaiting, fan } = this;
    const state = { name, at, outputs, errors, previous, visits, turns, ...(isWaiting ? { isWaiting } : {}) };
    if (fan === null) return state;
    return {
      ...state,
      fan: {
        address: fan.address,
        frames: [...fan.frames].map((frame) => frame.toState()),
        outputs: fan.order.map((each) => [each, fan.outputs.get(each)] as const),
        nodes: [...fan.nodes],
        next: fan.next,
        ...(fan.total === null ? {} : { total: fan.total }),
      },
    };
  }

  /** `nodeOf` finds the node that a fan belongs to. */
  static of(state: WorkflowFrameState, parent: Frame["parent"], nodeOf: (id: string) => ParallelNode | MapNode): Frame {
    const frame = new Frame(state.at, state.name, parent);
    frame.outputs = frozenValues(state.outputs);
    frame.errors = { ...state.errors };
    frame.previous = state.previous;
    frame.visits = { ...state.visits };
    frame.turns = { ...state.turns };
    frame.isWaiting = state.isWaiting === true;
    if (state.fan === undefined) return frame;
    const { address, frames, outputs, nodes, next, total = null } = state.fan;
    const fan: Fan = {
      node: nodeOf(state.at),
      address,
      frames: new Set(),
      outputs: new Map(outputs.map(([each, output]) => [each, frozenCopy(output)])),
      order: outputs.map(([each]) => each),
      nodes: new Map(nodes.map(([each, values]) => [each, frozenValues(values)])),
      next,
      items: null,
      total,
    };
    frame.fan = fan;
    for (const child of frames) fan.frames.add(Frame.of(child, { frame, fan }, nodeOf));
    return frame;
  }
}
