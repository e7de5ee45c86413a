/** What a log says of calls that are under way, so that a checkpoint can carry them into the fresh history. */
import type { CarriedEvent, NewTaskEvent, StepKind, TaskEvent, TaskEventOf } from "@agentcore/contract";

/** Durable waits, all of whose state is in the log. */
const CARRIED_KINDS: ReadonlySet<StepKind> = new Set<StepKind>(["sleep", "command", "signal", "event", "approval"]);

export const canBeCarried = (kind: StepKind): boolean => CARRIED_KINDS.has(kind);

/** As they stood in the log, under the number of the checkpoint that tells them again. */
export const carriedBy = ({ seq, data }: Pick<TaskEventOf<"checkpoint.created">, "data"> & { readonly seq?: number }) =>
  (data.carried ?? []).map(({ since, ...event }) => ({ since, event: { seq, ...event } as TaskEvent }));

interface Noted {
  /** In log order over all paths. */
  readonly place: number;
  readonly event: CarriedEvent;
}

export class CallRecords {
  private readonly byPath = new Map<string, Noted[]>();
  private count = 0;

  /** In log order. `since`: number of the checkpoint that the call was begun after. */
  note({ type, at, data }: NewTaskEvent, since: number): void {
    if (!("path" in data) || data.path === undefined || !this.tells(type, data)) return;
    const noted = { place: this.count++, event: { since, at, type, data } as CarriedEvent };
    const before = this.byPath.get(data.path);
    if (before === undefined) this.byPath.set(data.path, [noted]);
    else before.push(noted);
  }

  /** The code has been told how it ended. */
  forget(path: string): void {
    this.byPath.delete(path);
  }

  /** In log order. */
  of(paths: Iterable<string>): readonly CarriedEvent[] {
    const noted = [...paths].flatMap((path) => this.byPath.get(path) ?? []);
    return noted.sort((one, other) => one.place - other.place).map(({ event }) => event);
  }

  private hasAsked(path: string): boolean {
    return this.byPath.get(path)?.some(({ event }) => event.type === "task.inputRequired") === true;
  }

  private tells(
    type: NewTaskEvent["type"],
    data: NewTaskEvent["data"] & { readonly path?: string | undefined },
  ): boolean {
    switch (type) {
      case "step.started":
      case "step.completed":
      case "step.failed":
        return "kind" in data && CARRIED_KINDS.has(data.kind as StepKind);
      case "task.inputRequired":
        // Asked again it says nothing new.
        return "approval" in data && data.approval !== undefined && !this.hasAsked(data.path ?? "");
      case "decision.made":
        return "kind" in data && data.kind !== "choice" && data.kind !== "model";
      case "call.held":
        return "kind" in data && CARRIED_KINDS.has(data.kind as StepKind);
      case "call.released":
      case "approval.answered":
      case "approval.delegated":
      case "approval.refused":
      case "approval.reminded":
      case "approval.escalated":
        return this.byPath.has(data.path ?? "");
      default:
        return false;
    }
  }
}
