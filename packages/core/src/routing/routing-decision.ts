import type { CandidateScore, FilteredOut, RouteChoice } from "./routing-facts.ts";

const NOT_SEARCHED: readonly string[] = [];

/** A decision and why. Values are those of the moment of deciding; only their wording is put off until someone asks. */
export class RoutingDecision {
  readonly target: string;
  readonly choice: RouteChoice | undefined;
  /** Best first; a sole candidate is not scored against itself. */
  readonly scores: readonly CandidateScore[];
  readonly filteredOut: readonly FilteredOut[];
  /** True when durable work goes to an agent that cannot take it at this moment. */
  readonly waits: boolean;
  /** How the candidates were searched for, and why the chosen one was found. */
  readonly how: readonly string[];

  constructor(
    target: string,
    choice: RouteChoice | undefined,
    scores: readonly CandidateScore[],
    filteredOut: readonly FilteredOut[],
    waits: boolean,
    how: readonly string[] = NOT_SEARCHED,
  ) {
    this.target = target;
    this.choice = choice;
    this.scores = scores;
    this.filteredOut = filteredOut;
    this.waits = waits;
    this.how = how;
  }

  /** One sentence each, for people: the choice first, then why every other candidate was not chosen. */
  get reasons(): readonly string[] {
    const [best, ...others] = this.scores;
    const lines: string[] = [];
    if (this.choice === undefined) {
      lines.push(
        this.filteredOut.length === 0
          ? `nobody matches ${this.target}`
          : `nobody who matches ${this.target} can take the call`,
      );
    } else if (best === undefined) {
      lines.push(`${this.choice.record.name} is the only candidate for ${this.target}`);
    } else {
      lines.push(`${best.agent} scores highest for ${this.target}: ${describe(best)}`);
    }
    lines.push(...this.how);
    if (this.waits) lines.push("no agent can take the work at this moment; it is durable and waits");
    if (this.choice?.replica !== undefined && this.choice.record.replicas.length > 1) {
      lines.push(`replica ${this.choice.replica.id} on node ${this.choice.replica.nodeId}`);
    }
    for (const other of others) {
      const why = other.why === undefined ? "" : `; ${other.why}`;
      lines.push(`${other.agent} scores lower: ${describe(other)}${why}`);
    }
    for (const { agent, detail } of this.filteredOut) lines.push(`${agent} ${detail}`);
    return lines;
  }

  toJSON(): unknown {
    const { target, choice, scores, filteredOut, waits, reasons } = this;
    const chosen =
      choice === undefined
        ? undefined
        : { agent: choice.record.name, revision: choice.record.revision, replica: choice.replica?.id };
    return { target, choice: chosen, scores, filteredOut, waits, reasons };
  }
}

const describe = (score: CandidateScore): string =>
  `${score.score.toFixed(3)} (similarity ${score.similarity.toFixed(2)}, ${score.latencyMs.toFixed(0)} ms, $${score.cost}, quality ${score.quality.toFixed(2)})`;
