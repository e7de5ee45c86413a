/** Where a task's code is to be held, and which calls are: a fold of its log. */
import { Breakpoint, type NewTaskEvent, renamedPath, type TaskEventOf } from "@agentcore/contract";
import { isLike } from "../star-pattern.ts";
import { carriedBy } from "./call-records.ts";

/** As its event has it. */
export type NotedCall = Omit<TaskEventOf<"call.held">["data"], "inputHash"> & { readonly at: number };

type Carried = NonNullable<TaskEventOf<"checkpoint.created">["data"]["debug"]>;

export class Breakpoints {
  private readonly calls = new Map<string, NotedCall>();
  /** They were held, and began; after a crash they begin again. */
  private readonly released = new Set<string>();
  /** What calls were given in place of their own. */
  private readonly inputs = new Map<string, unknown>();
  patterns: readonly string[] = [];
  /** The next call is held, whatever it is. */
  next = false;

  /** Nothing is to be held: the rule. */
  get isEmpty(): boolean {
    return this.patterns.length === 0 && !this.next && this.calls.size === 0;
  }

  get held(): readonly NotedCall[] {
    return [...this.calls.values()];
  }

  isHeld(path: string): boolean {
    return this.calls.has(path);
  }

  /** What a call is given that would be given `own`. */
  inputOf(path: string, own: unknown): unknown {
    return this.inputs.has(path) ? this.inputs.get(path) : own;
  }

  /** What holds a call that has not begun yet; null when it may. */
  match(path: string): string | null {
    if (this.released.has(path)) return null;
    const pattern = this.patterns.find((each) => matches(each, path));
    return pattern ?? (this.next ? "next" : null);
  }

  /** What a fresh log has to know. */
  get carried(): { readonly debug?: Carried } {
    return this.patterns.length === 0 && !this.next
      ? {}
      : { debug: { breakpoints: [...this.patterns], next: this.next } };
  }

  /** In log order. */
  apply(event: NewTaskEvent): void {
    switch (event.type) {
      case "breakpoints.changed":
        this.patterns = event.data.breakpoints;
        this.next = event.data.next === true;
        return;
      case "call.held": {
        const { inputHash: _, ...call } = event.data;
        this.next = false;
        this.calls.set(call.path, { ...call, at: event.at });
        return;
      }
      case "call.released":
        this.calls.delete(event.data.path);
        this.released.add(event.data.path);
        if (event.data.input !== undefined) this.inputs.set(event.data.path, event.data.input);
        this.next ||= event.data.next === true;
        return;
      case "step.completed":
      case "step.failed":
        this.calls.delete(event.data.path);
        return;
      case "checkpoint.created":
        this.calls.clear();
        this.released.clear();
        this.inputs.clear();
        this.patterns = event.data.debug?.breakpoints ?? [];
        for (const call of carriedBy(event)) this.apply(call.event);
        // What these calls were let go on with may have been used up, or asked for once more.
        this.next = event.data.debug?.next === true;
        return;
      default:
        return;
    }
  }
}

const NODE = /^(?<of>node|undo):(?<name>.+)$/s;

export const matches = (pattern: string, path: string): boolean => {
  const { of, name } = NODE.exec(pattern)?.groups ?? {};
  const node = nodeOf(path);
  if (of === undefined || name === undefined) {
    if (pattern.includes(":") || pattern === "*") return isLike(pattern, path);
    return node?.isUndo === true
      ? false
      : isLike(pattern, nameOf(path)) || (node !== null && isLike(pattern, node.name));
  }
  return node !== null && node.isUndo === (of === "undo") && isLike(name, node.name);
};

/** The pattern for nodes that have other names now. One with a star stays: what it was to stand for nobody knows. */
export const renamedPattern = (pattern: string, rename: (node: string) => string): string => {
  const { of, name } = NODE.exec(pattern)?.groups ?? {};
  if (pattern.includes("*")) return pattern;
  if (of !== undefined && name !== undefined) return `${of}:${rename(name)}`;
  const renamed = pattern.includes(":") ? renamedPath(pattern, rename) : rename(pattern);
  return Breakpoint.safeParse(renamed).success ? renamed : pattern;
};

/** `command:agent:risk[each.3/score@2]` and `step:each.3/score@2` are of the node `score`. */
const nodeOf = (path: string): { readonly name: string; readonly isUndo: boolean } | null => {
  const key = /\[(?<key>.*)\](?:#\d+)?$/s.exec(path)?.groups?.["key"];
  const address = key ?? (path.startsWith("step:") ? path.slice("step:".length) : null);
  const last = address?.split("/").at(-1);
  if (last === undefined) return null;
  const name = last.replace(/[@~#].*$/s, "");
  return { name, isUndo: last.includes("~") };
};

/** `score` of `step:score#2`, `agent:risk` of `command:agent:risk[key]`. */
const nameOf = (path: string): string => path.slice(path.indexOf(":") + 1).replace(/(?:\[.*\])?(?:#\d+)?$/s, "");
