import { callName } from "../call-name.ts";
import { formatDuration } from "../format-time.ts";
import { toPlainText } from "../plain-text.ts";
import type { TraceDecision, TraceStep, TraceTask } from "./build-trace.ts";

interface Line {
  readonly text: string;
  readonly below: readonly Line[];
}

/** One line for each task, step, decision and error, joined by branches. */
export const formatTrace = (trace: TraceTask): string => render(taskLine(trace)).join("\n");

const render = ({ text, below }: Line): readonly string[] => [
  toPlainText(text),
  ...below.flatMap((line, index) => {
    const isLast = index === below.length - 1;
    return render(line).map(
      (rendered, row) => (row === 0 ? (isLast ? "└─ " : "├─ ") : isLast ? "   " : "│  ") + rendered,
    );
  }),
];

const taskLine = (task: TraceTask): Line => ({
  text: `${task.agent}  ${task.state}  ${formatDuration(task.durationMs)}  task ${task.taskId}`,
  below: [
    ...(task.compactedEvents === undefined
      ? []
      : [leaf(`the first ${task.compactedEvents} events were compacted; what they told is not shown`)]),
    ...inOrder(task),
    ...(task.error === undefined ? [] : [leaf(`error ${task.error.code}: ${task.error.message}`)]),
  ],
});

/** Steps, and what was decided between them, as they came. */
const inOrder = ({ decisions, steps }: TraceTask): readonly Line[] =>
  [
    ...decisions.map((decision) => ({ seq: decision.seq, line: decisionLine(decision) })),
    ...steps.map((step) => ({ seq: step.seq, line: stepLine(step) })),
  ]
    .sort((one, other) => one.seq - other.seq)
    .map(({ line }) => line);

const stepLine = (step: TraceStep): Line => ({
  text: [
    callName(step),
    step.outcome,
    ...(step.durationMs === undefined ? [] : [formatDuration(step.durationMs)]),
    ...(step.attempts > 1 ? [`${step.attempts} attempts`] : []),
    ...(step.childTaskId === undefined || step.child !== undefined ? [] : [`task ${step.childTaskId}`]),
  ].join("  "),
  below: [
    ...step.decisions.map(decisionLine),
    ...(step.answer === undefined ? [] : answerLines(step.answer)),
    ...(step.error === undefined ? [] : [leaf(`error ${step.error.code}: ${step.error.message}`)]),
    ...(step.child === undefined ? [] : [taskLine(step.child)]),
  ],
});

const decisionLine = ({ kind, name, choice, scores = [], reasons }: TraceDecision): Line => ({
  text: `${name === undefined ? kind : `decision ${name}`} -> ${choice ?? "nobody"}`,
  below: [
    ...reasons.map((reason) => leaf(`because ${reason}`)),
    // One alone was not chosen by its number.
    ...(scores.length < 2 ? [] : scores).map(({ candidate, score }) => leaf(`${candidate} ${score.toFixed(3)}`)),
  ],
});

const answerLines = ({ text, toolCalls }: NonNullable<TraceStep["answer"]>): readonly Line[] => [
  ...(text === "" ? [] : [leaf(`said ${shortened(text)}`)]),
  ...toolCalls.map(({ name, input }) => leaf(`calls ${name} ${shortened(JSON.stringify(input) ?? "")}`)),
];

// Of what is said a line's worth; the log has the whole.
const MAX_SAID = 200;
const shortened = (text: string): string => {
  const line = text.replaceAll(/\s+/g, " ");
  return line.length <= MAX_SAID ? line : `${line.slice(0, MAX_SAID)}…`;
};

const leaf = (text: string): Line => ({ text, below: [] });
