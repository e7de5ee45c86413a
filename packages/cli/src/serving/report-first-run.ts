/** What `up --run` prints when its task is done: a line per decision, where the letters lie, what to open. */
import type { OutputFormat } from "../command.ts";
import { reportOutcome } from "../follow-task.ts";
import { formatTable } from "../format-table.ts";
import { isRecord } from "../is-record.ts";
import type { Output } from "../output.ts";
import { toPlainText } from "../plain-text.ts";
import type { TaskOutcome } from "../task-outcome.ts";

interface FirstRunReport {
  readonly output: Output;
  readonly format: OutputFormat;
  readonly taskId: string;
  readonly outcome: TaskOutcome;
  readonly url: string;
  /** Asked when the result says that something waits for a person. */
  readonly asksDecision: () => Promise<boolean>;
}

export const reportFirstRun = async ({
  output,
  format,
  taskId,
  outcome,
  url,
  asksDecision,
}: FirstRunReport): Promise<void> => {
  const result = outcome.state === "completed" && isRecord(outcome.output) ? outcome.output : undefined;
  const decisions = result?.["decisions"];
  if (result === undefined || !Array.isArray(decisions)) {
    await reportOutcome(output, format, taskId, outcome);
    output.say(`Open ${url}/api/v1/tasks/${taskId}`);
    return;
  }
  const letters = result["lettersDirectory"];
  // A path on every line would fill the screen with what one line says.
  const columns = typeof letters === "string" ? COLUMNS.filter((column) => column !== "letter") : COLUMNS;
  await output.data(format, result, () => decisionTable(decisions, columns));
  if (typeof letters === "string") output.say(`Letters: ${letters}`);
  const { waiting } = result;
  if (Array.isArray(waiting) && waiting.length > 0) {
    const nextStep = (await asksDecision()) ? "agentcore inbox" : "agentcore get tasks --state input-required";
    output.say(`Waiting for a person: ${waiting.length}; ${nextStep}`);
  }
  const open = result["open"];
  output.say(`Why: agentcore trace ${taskId}`);
  output.say(`Open ${typeof open === "string" ? open : `${url}/api/v1/tasks/${taskId}`}`);
};

// The longest last, where it pushes nothing aside.
const COLUMNS = ["application", "applicant", "decision", "letter", "reason"];

/** A line per decision; columns that no decision fills are left out. */
export const decisionTable = (decisions: readonly unknown[], among: readonly string[] = COLUMNS): string => {
  const records = decisions.map((decision) => (isRecord(decision) ? decision : { decision }));
  const columns = among.filter((column) => column === "decision" || records.some((record) => isFilled(record[column])));
  return formatTable(
    columns,
    records.map((record) => columns.map((column) => cellOf(record[column]))),
  );
};

const isFilled = (value: unknown): boolean => value !== undefined && value !== null && value !== "";

const cellOf = (value: unknown): string => {
  if (!isFilled(value)) return "";
  return toPlainText(typeof value === "string" ? value : JSON.stringify(value));
};
