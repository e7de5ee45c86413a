/**
 * What the graph leaves to functions and expressions, and the log therefore has to say: what was chosen, and what failed. What failed stands in
 * the place of a choice, so that it fails again after a crash, whatever it would say then.
 */
import { PlatformError } from "@agentcore/contract";
import type { Reasoned } from "@agentcore/contract/authoring";

/** Where choices are written down. */
export interface ChoiceLog {
  /** The one of before, null where none is written down. */
  made(address: string): string | null;
  /** Records a choice, unless it is the implied one: gives the one of before where there was one. Throws `Undecided`. */
  decide(address: string, choose: () => Reasoned, implied?: string): string;
}

/** What was chosen is not to be had: the machine stays where it is, in the middle of its way. */
export class Undecided extends Error {
  readonly address: string;

  constructor(address: string) {
    super(`nothing says what was chosen at ${address}`);
    this.address = address;
  }
}

// No name of a node begins so.
const FAILED = "!";
// That an expression gave something, which is not written down.
const GIVEN = "given";
const MAX_MESSAGE = 1_000;

export class Choices {
  private readonly log: ChoiceLog;

  constructor(log: ChoiceLog) {
    this.log = log;
  }

  made(address: string): string | null {
    return this.log.made(address);
  }

  /** Throws what it failed with. */
  choose(address: string, choose: () => Reasoned, implied?: string): string {
    const choice = this.log.decide(
      address,
      () => {
        try {
          return choose();
        } catch (error) {
          return failedBy(error);
        }
      },
      implied,
    );
    const failure = failureOf(choice);
    if (failure !== null) throw failure;
    return choice;
  }

  /** What an expression gives; only that it fails is written down. `unrecorded`: it did in a log of before, which has no word of it. */
  given<Value>(address: string, evaluate: () => Value, unrecorded: () => void = () => undefined): Value {
    let failure = failureOf(this.made(address));
    if (failure === null)
      try {
        return evaluate();
      } catch (error) {
        failure = failureIn(error);
      }
    const choice = this.log.decide(address, () => failedBy(failure), GIVEN);
    if (choice === GIVEN) unrecorded();
    const recorded = failureOf(choice);
    // With its details where they are at hand.
    throw recorded === null || recorded.message === failure.message ? failure : recorded;
  }

  /** A failure beside the graph. */
  note(name: string, error: PlatformError): void {
    this.log.decide(name, () => failedBy(error), GIVEN);
  }
}

const failedBy = (error: unknown): Reasoned => {
  const { code, message } = failureIn(error);
  return { choice: `${FAILED}${code}:${message.slice(0, MAX_MESSAGE)}`, reasons: ["it failed"] };
};

/** What is recorded in place of a choice; null for a choice. */
export const failureOf = (choice: string | null): PlatformError | null => {
  if (choice?.startsWith(FAILED) !== true) return null;
  const [code = "", ...words] = choice.slice(FAILED.length).split(":");
  return PlatformError.fromJSON({ code: code as PlatformError["code"], message: words.join(":") });
};

/** Of what was thrown on the way. */
export const failureIn = (error: unknown): PlatformError => {
  if (error instanceof Undecided) throw error;
  return PlatformError.from(error, "WORKFLOW_FAILED");
};
