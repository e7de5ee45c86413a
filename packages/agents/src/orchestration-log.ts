/** What happened in a run, as people tell it: a view of its log. */
import type { TaskEvent } from "@agentcore/contract";

export interface OrchestrationEntry {
  /** Number of the event that says so. */
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** An agent, a person, or the run itself by the name of its agent. */
  readonly who: string;
  readonly what: string;
  /** What came of it. */
  readonly result?: unknown;
  readonly why?: string;
}

/**
 * Of a log, or of a part of one: who was given what and why, what they gave, how it was decided where to go on. `agent`: whose run it is, for a
 * part that does not begin with the first event.
 */
export const orchestrationLog = (events: readonly TaskEvent[], agent = "the run"): readonly OrchestrationEntry[] => {
  const reader = new Reader(agent);
  return events.flatMap((event) => {
    const told = reader.tell(event);
    return told === null ? [] : [{ seq: event.seq, at: event.at, ...told }];
  });
};

type Told = Omit<OrchestrationEntry, "seq" | "at">;

class Reader {
  private run: string;
  /** Who was chosen for a call, by its path. */
  private readonly chosen = new Map<string, string>();

  constructor(run: string) {
    this.run = run;
  }

  tell(event: TaskEvent): Told | null {
    switch (event.type) {
      case "task.submitted":
        this.run = event.data.agent;
        return { who: event.data.caller, what: `gave work to ${this.run}` };
      case "log.compacted":
        this.run = event.data.submitted.data.agent;
        return null;
      case "decision.made":
        return this.decided(event.data);
      case "step.completed": {
        const { path, kind, result } = event.data;
        return {
          who: this.doerOf(path, kind),
          what: `${VERBS[kind] ?? "did"} ${placeOf(path)}`,
          ...(result === undefined ? {} : { result }),
        };
      }
      case "step.failed": {
        const { path, kind, error, retryAt } = event.data;
        return {
          who: this.doerOf(path, kind),
          what: retryAt === undefined ? `failed at ${placeOf(path)}` : `failed at ${placeOf(path)}, and tries again`,
          why: error.message,
        };
      }
      case "approval.answered":
        return {
          who: event.data.by,
          what: `answered ${placeOf(event.data.path)}`,
          result: event.data.choice,
          ...because(event.data.comment),
        };
      case "approval.delegated":
        return {
          who: event.data.by,
          what: `handed ${placeOf(event.data.path)} to ${event.data.to}`,
          ...because(event.data.comment),
        };
      case "task.completed":
        return { who: this.run, what: "completed", result: event.data.output };
      case "task.failed":
      case "task.rejected":
      case "task.parked":
        return { who: this.run, what: event.type.slice("task.".length), why: event.data.error.message };
      case "task.canceled":
        return { who: this.run, what: "was canceled", ...because(event.data.reason) };
      default:
        return null;
    }
  }

  private decided({ path, kind, choice, reasons }: Extract<TaskEvent, { type: "decision.made" }>["data"]): Told | null {
    const why = because(reasons.join("; "));
    // Without a path it says who the run itself was given to.
    if (path === undefined) return null;
    if (kind === "choice") return { who: this.run, what: `decided ${placeOf(path)}`, result: choice, ...why };
    if (kind !== "routing") return { who: this.run, what: `${kind} of ${placeOf(path)}`, result: choice, ...why };
    if (choice === null) return { who: this.run, what: `found nobody for ${placeOf(path)}`, ...why };
    this.chosen.set(path, choice);
    return { who: choice, what: `was given ${placeOf(path)}`, ...why };
  }

  private doerOf(path: string, kind: string): string {
    if (kind !== "command" && kind !== "query") return this.run;
    // Chosen in a part of the log that is not here: as it was asked for.
    return this.chosen.get(path) ?? /^\w+:(?:agent:)?([^[]+)/.exec(path)?.[1] ?? this.run;
  }
}

const VERBS: Readonly<Partial<Record<string, string>>> = {
  command: "did",
  query: "answered",
  sleep: "waited at",
  approval: "was told the decision of",
  input: "was answered at",
};

/** The node's address where there is one: `command:agent:b[parts.0/worker2]` is about `parts.0/worker2`. */
const placeOf = (path: string): string => /\[([^\]]+)\]/.exec(path)?.[1] ?? path.replace(/^\w+:/, "");

// A condition may be long, and says less then; the event has all of it.
const MAX_REASON = 300;

const because = (reason: string | undefined): { why?: string } => {
  if (reason === undefined || reason === "") return {};
  return { why: reason.length > MAX_REASON ? `${reason.slice(0, MAX_REASON)}…` : reason };
};
