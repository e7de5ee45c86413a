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
    ...task.decisions.map(decisionLine),
    ...task.steps.map(stepLine),
    ...(task.error === undefined ? [] : [leaf(`error ${task.error.code}: ${task.error.message}`)]),
  ],
});

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
    ...(step.error === undefined ? [] : [leaf(`error ${step.error.code}: ${step.error.message}`)]),
    ...(step.child === undefined ? [] : [taskLine(step.child)]),
  ],
});

const decisionLine = (decision: TraceDecision): Line => ({
  text: `${decision.kind} -> ${decision.choice ?? "nobody"}`,
  below: decision.reasons.map((reason) => leaf(`because ${reason}`)),
});

const leaf = (text: string): Line => ({ text, below: [] });
