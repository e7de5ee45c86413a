/**
 * The one table of the fourteen ways in which agents that work together fail (docs/failure-modes.md is held against it by a test). Names and categories
 * are those of the MAST taxonomy: Cemri et al., "Why Do Multi-Agent LLM Systems Fail?", 2025, arXiv 2503.13657.
 */
interface FailureModeEntry {
  readonly category: "specification" | "misalignment" | "verification";
  readonly meaning: string;
  /**
   * Whether the platform sees it by itself, without a model. exactly: where it says so, it is so, and the rule can be read. likely: it reads signs, misses many,
   * and may be wrong. no: only somebody who understands what was said can tell.
   */
  readonly detected: "exactly" | "likely" | "no";
}

export const FAILURE_MODES = {
  "disobey-task-specification": {
    category: "specification",
    meaning: "What comes out is not what the task asked for: its form, its length, what it must hold.",
    detected: "likely",
  },
  "disobey-role-specification": {
    category: "specification",
    meaning: "An agent does what is another's: it speaks as somebody else, or hands work to whom it may not.",
    detected: "likely",
  },
  "step-repetition": {
    category: "specification",
    meaning: "What was done is done again, and nothing new comes of it.",
    detected: "exactly",
  },
  "loss-of-conversation-history": {
    category: "specification",
    meaning: "An agent asks for what it was told, or says otherwise, as if the last turns had not been.",
    detected: "likely",
  },
  "unaware-of-termination-conditions": {
    category: "specification",
    meaning: "The work goes on although it is done, or its limit is reached.",
    detected: "likely",
  },
  "conversation-reset": {
    category: "misalignment",
    meaning: "The conversation begins anew in its middle, and what was reached is lost.",
    detected: "likely",
  },
  "fail-to-ask-for-clarification": {
    category: "misalignment",
    meaning: "An agent goes on with a guess where what it was told is unclear or incomplete.",
    detected: "no",
  },
  "task-derailment": {
    category: "misalignment",
    meaning: "The conversation leaves the task for something else.",
    detected: "likely",
  },
  "information-withholding": {
    category: "misalignment",
    meaning: "An agent keeps to itself what another would have needed.",
    detected: "no",
  },
  "ignored-other-agents-input": {
    category: "misalignment",
    meaning: "An agent goes on as if another had not asked or told it something.",
    detected: "likely",
  },
  "reasoning-action-mismatch": {
    category: "misalignment",
    meaning: "An agent says that it will do one thing, and does another.",
    detected: "likely",
  },
  "premature-termination": {
    category: "verification",
    meaning: "It ends before everything that was asked for is there.",
    detected: "likely",
  },
  "no-or-incomplete-verification": {
    category: "verification",
    meaning: "It ends without the check that was asked for, or that somebody was there to do.",
    detected: "likely",
  },
  "incorrect-verification": {
    category: "verification",
    meaning: "It was checked, and what is wrong was found to be right.",
    detected: "no",
  },
} as const satisfies Readonly<Record<string, FailureModeEntry>>;

export type FailureMode = keyof typeof FAILURE_MODES;

/** Name of the decision by which a failure stands in a task's log; its choice is the mode. */
export const FAILURE_DECISION = "failure-mode";

export const isFailureMode = (text: string): text is FailureMode => Object.hasOwn(FAILURE_MODES, text);
