/** How far a workflow has come, for people. */
import type { NodeProgress, TaskProgress } from "@agentcore/sdk/client";
import { formatTable } from "../format-table.ts";
import { formatTimestamp } from "../format-time.ts";
import { toPlainText } from "../plain-text.ts";

/** `62 %: 4 done, 1 running, 2 pending` */
export const progressLine = ({ share, counts, compacted }: TaskProgress): string => {
  const some = Object.entries(counts).flatMap(([state, count]) => (count === 0 ? [] : [`${count} ${state}`]));
  return `${percent(share)}: ${some.join(", ")}${compacted ? " (the beginning of the log was compacted)" : ""}`;
};

const percent = (share: number): string => `${Math.floor(share * 100)} %`;

/** `now`: milliseconds since 1970, for what is under way. */
export const progressText = (progress: TaskProgress, now: number): string =>
  [
    `${toPlainText(progress.agent)} ${progress.taskId} ${progress.state}, ${progressLine(progress)}`,
    "",
    formatTable(
      ["node", "type", "state", "visits", "took", "detail"],
      progress.nodes.map((node) => [
        ...[node.id, node.type, node.state, node.visits === 0 ? undefined : node.visits],
        ...[tookOf(node, now), detailOf(node)],
      ]),
    ),
  ].join("\n");

/** A line for each node whose state changed, and for each change of the task's. */
export const changedLines = (before: TaskProgress | undefined, progress: TaskProgress): readonly string[] => {
  const known = new Map(before?.nodes.map((node) => [node.id, lineOf(node)]));
  const lines = progress.nodes.flatMap((node) => {
    const line = lineOf(node);
    const isNews = before === undefined ? node.state !== "pending" : known.get(node.id) !== line;
    return isNews ? [line] : [];
  });
  return lines.length > 0 || before?.state !== progress.state
    ? [...lines, `${progress.state} ${percent(progress.share)}`]
    : [];
};

const lineOf = (node: NodeProgress): string => {
  const detail = detailOf(node);
  return toPlainText(`${node.id} ${node.state}${detail === "" ? "" : `: ${detail}`}`);
};

const detailOf = ({
  waitsFor,
  dueAt,
  turn,
  items,
  underWay,
  childTaskId,
  error,
  visits,
  state,
}: NodeProgress): string =>
  [
    waitsFor === undefined ? "" : `for a${waitsFor === "event" ? "n" : ""} ${waitsFor}`,
    dueAt === undefined ? "" : `until ${formatTimestamp(dueAt)}`,
    items === undefined
      ? ""
      : `${items.done + items.failed}${items.total === undefined ? "" : ` of ${items.total}`} items${items.failed === 0 ? "" : `, ${items.failed} failed`}`,
    turn === undefined ? "" : `turn ${turn}`,
    underWay === undefined ? "" : `${underWay} under way`,
    childTaskId === undefined ? "" : `task ${childTaskId}`,
    error === undefined ? "" : `${error.code}: ${error.message}`,
    visits > 1 && turn === undefined && items === undefined && state === "running" ? `visit ${visits}` : "",
  ]
    .filter((part) => part !== "")
    .join(", ");

const tookOf = ({ startedAt, endedAt, state }: NodeProgress, now: number): string | undefined => {
  const isUnderWay = state === "running" || state === "waiting" || state === "held";
  if (startedAt === undefined || (endedAt === undefined && !isUnderWay)) return undefined;
  return formatDuration(Math.max(0, (endedAt ?? now) - startedAt));
};

const formatDuration = (ms: number): string => {
  if (ms < 1000) return `${ms} ms`;
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${(ms / 1000).toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
};
