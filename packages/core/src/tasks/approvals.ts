/**
 * Decisions that a task waits for, as its log tells: a fold over events, and the judgement of answers. Pure. The holder of the task's lease
 * judges (I1); front doors use the same to say early what it will say.
 */
import {
  type ApprovalQuestion,
  MAX_RECORDED_REFUSALS,
  type MigrationRules,
  type NewTaskEvent,
  type RefusalReason,
  type TaskEvent,
} from "@agentcore/contract";
import type { Decision } from "@agentcore/contract/authoring";
import { carriedBy } from "./call-records.ts";
import { pathAfter } from "./migration-rules.ts";

type Chosen = { readonly choice: string } & Decision["by"][number];

type ApprovalEnd = "decided" | "expired" | "divided" | "withdrawn";

/** One question, and what has become of it. */
export interface Approval {
  readonly path: string;
  readonly question: ApprovalQuestion;
  readonly chosen: readonly Chosen[];
  /** Who was handed somebody's part, and how often: a token is good for the part it was made for. */
  readonly handed: ReadonlyMap<string, number>;
  /** Who handed theirs over, and was handed none since. */
  readonly gone: ReadonlySet<string>;
  readonly reminded: boolean;
  readonly escalated: boolean;
  /** Answers that were refused, as far as the log has them. */
  readonly refused: number;
  /** Null while it is open. */
  readonly end: ApprovalEnd | null;
}

/** What became of one answer. */
export type AnswerOutcome =
  | {
      readonly outcome: "taken";
      readonly path: string;
      /** Of the question. */
      readonly id: string;
      /** What the question has come to; null while it is open. */
      readonly end: ApprovalEnd | null;
    }
  | { readonly outcome: "refused"; readonly reason: RefusalReason; readonly why: string };

/**
 * Of the part of a log that the code runs on: of questions before a checkpoint, but for those that it carries, nothing is known but what became
 * of answers that were seen.
 */
export class Approvals {
  private readonly byPath = new Map<string, Approval>();
  private readonly outcomes = new Map<string, AnswerOutcome>();
  private strays = 0;
  get all(): Iterable<Approval> {
    return this.byPath.values();
  }

  get open(): readonly Approval[] {
    return [...this.byPath.values()].filter(({ end }) => end === null);
  }

  find(id: string): Approval | null {
    for (const approval of this.byPath.values()) if (approval.question.id === id) return approval;
    return null;
  }

  at(path: string): Approval | null {
    return this.byPath.get(path) ?? null;
  }

  outcomeOf(answer: string): AnswerOutcome | null {
    return this.outcomes.get(answer) ?? null;
  }

  /** Whether the log has room for one more refusal; of answers to no question that it knows when `approval` is null. */
  records(approval: Approval | null): boolean {
    return (approval?.refused ?? this.strays) < MAX_RECORDED_REFUSALS;
  }

  /** In log order, with a number when the log has given one. */
  apply(event: NewTaskEvent & { readonly seq?: number }): void {
    switch (event.type) {
      case "task.inputRequired": {
        const { path, approval: question } = event.data;
        if (question === undefined || this.byPath.has(path)) return;
        const fresh = { chosen: [], handed: new Map(), gone: new Set<string>(), refused: 0, end: null };
        this.byPath.set(path, { path, question, ...fresh, reminded: false, escalated: false });
        return;
      }
      case "approval.answered": {
        const { path, by, choice, comment, answer } = event.data;
        this.take(answer, path);
        const said = { choice, caller: by, ...(comment === undefined ? {} : { comment }), at: event.at };
        return this.change(path, ({ chosen }) => ({ chosen: [...chosen, said] }));
      }
      case "approval.delegated": {
        const { path, by, to, answer } = event.data;
        this.take(answer, path);
        return this.change(path, ({ handed, gone }) => ({
          handed: new Map(handed).set(to, (handed.get(to) ?? 0) + 1),
          gone: new Set([...gone, by].filter((name) => name !== to)),
        }));
      }
      case "approval.refused": {
        const { path, answer, reason, message } = event.data;
        if (answer !== undefined) this.outcomes.set(answer, { outcome: "refused", reason, why: message });
        if (path === undefined) this.strays += 1;
        else this.change(path, ({ refused }) => ({ refused: refused + 1 }));
        return;
      }
      case "approval.reminded":
        return this.change(event.data.path, () => ({ reminded: true }));
      case "approval.escalated":
        return this.change(event.data.path, () => ({ escalated: true }));
      case "step.completed":
        return this.settle(event.data.path, "decided");
      case "step.failed":
        return this.settle(event.data.path, endOf(event.data.error.code));
      case "task.migrated":
        if (event.data.rules !== undefined) this.rename([event.data.rules]);
        return;
      case "checkpoint.created":
        this.byPath.clear();
        this.strays = 0;
        for (const call of carriedBy(event)) this.apply(call.event);
        return;
      default:
        return;
    }
  }

  /** Of a log that is read as it is: nodes have other names from there on. */
  private rename(rules: readonly MigrationRules[]): void {
    const renamed = [...this.byPath.values()].map((approval) => ({
      ...approval,
      path: pathAfter(approval.path, rules),
    }));
    this.byPath.clear();
    for (const approval of renamed) this.byPath.set(approval.path, approval);
    for (const [answer, outcome] of this.outcomes)
      if (outcome.outcome === "taken") this.outcomes.set(answer, { ...outcome, path: pathAfter(outcome.path, rules) });
  }

  private take(answer: string, path: string): void {
    const id = this.byPath.get(path)?.question.id ?? "";
    this.outcomes.set(answer, { outcome: "taken", path, id, end: null });
  }

  private settle(path: string, end: ApprovalEnd): void {
    if (!this.byPath.has(path)) return;
    this.change(path, () => ({ end }));
    for (const [answer, outcome] of this.outcomes)
      if (outcome.outcome === "taken" && outcome.path === path && outcome.end === null)
        this.outcomes.set(answer, { ...outcome, end });
  }

  private change(path: string, to: (approval: Approval) => Partial<Approval>): void {
    const approval = this.byPath.get(path);
    if (approval === undefined) return;
    const changed = { ...approval, ...to(approval) };
    // What was shown may be large, and nobody decides on it any more.
    const { show: _, ...question } = changed.question;
    this.byPath.set(path, changed.end === null ? changed : { ...changed, question });
  }
}

// Handed to and fro it would fill the log.
const MAX_DELEGATIONS = 100;

/** Types of events that tell nothing of what a task waits for: they need not be read for it. */
export const TYPES_WITHOUT_QUESTIONS = [
  ...(["task.submitted", "task.assigned", "task.started", "task.progressed", "task.cancelRequested"] as const),
  ...(["artifact.appended", "message.added", "decision.made", "step.started"] as const),
] satisfies readonly TaskEvent["type"][];

const endOf = (code: string): ApprovalEnd => {
  if (code === "DECISION_EXPIRED") return "expired";
  return code === "DECISION_DIVIDED" ? "divided" : "withdrawn";
};

/** Whose a token is, as the door that has the secret finds: the holder of the lease has to take its word. */
export type TokenProof = "genuine" | "foreign" | "forged";

/** An answer on its way to the task: never its token. */
export interface SentAnswer {
  /** Names what was sent. */
  readonly answer: string;
  readonly by: string;
  /** May send messages to every task of the tenant. */
  readonly isOperator: boolean;
  /** When it came, in milliseconds since 1970: what came in time counts also where the task was taken into memory later. */
  readonly at: number;
  readonly proof: TokenProof;
  /** What the token says that it is for; absent where it is none. */
  readonly question?: string;
  readonly contentHash?: string;
  readonly part?: number;
  /** Hash of what its sender says they were shown. */
  readonly shown?: string;
  readonly choice?: string;
  readonly delegateTo?: string;
  readonly comment?: string;
}

/** How much of the hash of what is shown stands in a token. */
export const CONTENT_HASH_DIGITS = 32;

export interface Refusal {
  readonly reason: RefusalReason;
  readonly why: string;
}

/** Null when it counts. `caller`: the task's. */
export const judge = (approval: Approval | null, answer: SentAnswer, caller: string): Refusal | null => {
  const refuse = (reason: RefusalReason, why: string): Refusal => ({ reason, why });
  const { by, proof, delegateTo, choice } = answer;
  if (proof === "forged") return refuse("forged", "this token was never given to anybody");
  if (proof === "foreign") return refuse("foreign", "this token was given to somebody else");
  if (approval === null) return refuse("stale", "the question that it answers is gone; look at the inbox");
  const { question, chosen, end } = approval;
  const own = chosen.find((each) => each.caller === by);
  if (own !== undefined) return refuse("repeated", `${by} has chosen ${own.choice} already, and that stands`);
  if (end === "decided" || end === "divided") return refuse("repeated", "it was decided already");
  if (end === "expired" || (end === null && answer.at >= (question.expiresAt ?? Number.POSITIVE_INFINITY)))
    return refuse("expired", "the time to decide is over");
  if (end !== null) return refuse("stale", "the task took the question back");
  const { contentHash, shown = question.contentHash } = answer;
  if (contentHash !== question.contentHash.slice(0, CONTENT_HASH_DIGITS) || shown !== question.contentHash)
    return refuse("changed", "it is for other content than the task shows; look at the inbox");
  if (question.fourEyes !== undefined && by === caller)
    return refuse("fourEyes", `${by} began the task, and others must decide`);
  if (!mayDecide(approval, answer, caller)) return refuse("notApprover", `${by} is not asked`);
  if (answer.part !== partOf(approval, by)) return refuse("stale", "the token is from before the part was handed over");
  if (delegateTo !== undefined) return judgeDelegate(approval, delegateTo, by, caller);
  return choice !== undefined && question.choices.includes(choice)
    ? null
    : refuse("choice", `expected one of ${question.choices.join(", ")}`);
};

const judgeDelegate = ({ question, chosen, ...approval }: Approval, to: string, by: string, caller: string) => {
  const refuse = (why: string): Refusal => ({ reason: "delegate", why });
  const times = [...approval.handed.values()].reduce((sum, count) => sum + count, 0);
  if (times >= MAX_DELEGATIONS) return refuse(`parts of it were handed over ${times} times; decide it`);
  if (to === by) return refuse(`${by} is asked already; name somebody else`);
  if (question.fourEyes !== undefined && to === caller) return refuse(`${to} began the task, and others must decide`);
  if (chosen.some((each) => each.caller === to)) return refuse(`${to} has decided already`);
  if (namedOf({ question, chosen, ...approval }).has(to)) return refuse(`${to} is asked already`);
  return null;
};

/** Those who are asked by name now, whether or not they have decided. */
const namedOf = ({ question, handed, gone, escalated }: Approval): ReadonlySet<string> => {
  const names = new Set([
    ...(question.approvers ?? []),
    ...(escalated ? (question.escalate?.to ?? []) : []),
    ...handed.keys(),
  ]);
  for (const name of gone) names.delete(name);
  return names;
};

/** Everybody who is, or was, asked by name: they know of the question. */
export const knows = ({ question, handed }: Approval, name: string): boolean =>
  question.approvers?.includes(name) === true || question.escalate?.to.includes(name) === true || handed.has(name);

/** Whether that caller is asked, and has not decided. `caller`: the task's. */
export const isAsked = (
  approval: Approval,
  who: { readonly by: string; readonly isOperator: boolean },
  caller: string,
): boolean =>
  approval.end === null &&
  !(approval.question.fourEyes !== undefined && who.by === caller) &&
  !approval.chosen.some((each) => each.caller === who.by) &&
  mayDecide(approval, who, caller);

const mayDecide = (
  approval: Approval,
  { by, isOperator }: { readonly by: string; readonly isOperator: boolean },
  caller: string,
): boolean => {
  if (namedOf(approval).has(by)) return true;
  return approval.question.approvers === undefined && !approval.gone.has(by) && (isOperator || by === caller);
};

/** Number of the part that the caller holds: how often somebody handed them theirs. */
export const partOf = ({ handed }: Approval, name: string): number => handed.get(name) ?? 0;

/** What the answers come to: decided, or that nobody is left who could make it so; null while it goes on. `caller`: the task's. */
export const tally = (approval: Approval, caller: string): Omit<Decision, "id"> | "divided" | null => {
  const { question, chosen, escalated } = approval;
  const needed = question.fourEyes ?? 1;
  const counts = question.choices.map((choice) => chosen.filter((each) => each.choice === choice));
  const enough = counts.find((by) => by.length >= needed);
  const [first] = enough ?? [];
  if (enough !== undefined && first !== undefined)
    return {
      choice: first.choice,
      by: enough.map(({ caller: by, comment, at }) => ({
        caller: by,
        ...(comment === undefined ? {} : { comment }),
        at,
      })),
    };
  // Anybody may still come: operators, who have no names here.
  if (question.approvers === undefined || (question.escalate !== undefined && !escalated)) return null;
  const left = [...namedOf(approval)].filter(
    (name) => !chosen.some((each) => each.caller === name) && !(question.fourEyes !== undefined && name === caller),
  );
  return Math.max(...counts.map((by) => by.length)) + left.length < needed ? "divided" : null;
};
