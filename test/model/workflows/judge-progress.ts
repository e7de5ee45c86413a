/** What must hold of a run's progress at every event of its log, and of the same log with its beginning compacted. */
import { submissionOf, type TaskEvent, type WorkflowGraph } from "@agentcore/contract";
import { type NodeProgress, PROGRESS_UNSEEN, ProgressFold } from "@agentcore/core/workflows";

const UNDER_WAY = ["running", "waiting"];
const OVER = ["done", "failed", "canceled"];

export const judgeProgress = (graph: WorkflowGraph, events: readonly TaskEvent[]): readonly string[] => {
  const wrong: string[] = [];
  const fold = new ProgressFold(graph);
  const canGoBack = Object.values(graph.nodes).some(({ type }) => type === "loop" || type === "gate");
  let before = fold.view();
  for (const event of events) {
    const id = nodeOf(event);
    const known = before.nodes.find((node) => node.id === id);
    // A step is in no event before its result: that it runs is told from the graph.
    if (isResult(event) && known !== undefined && !UNDER_WAY.includes(known.state))
      wrong.push(`${id} was ${known.state} before its result (event ${event.seq})`);
    fold.apply(event);
    const view = fold.view();
    if (view.share < 0 || view.share > 1) wrong.push(`a share of ${view.share} at event ${event.seq}`);
    // What stands before it in the log may have come after it.
    const isFailure = event.type === "decision.made" && event.data.choice?.startsWith("!") === true;
    if (!canGoBack && !isFailure && view.share < before.share)
      wrong.push(`the share fell from ${before.share} to ${view.share} at event ${event.seq}`);
    before = view;
  }
  const left = before.nodes.filter(({ state }) => [...UNDER_WAY, "pending", "undoing", "unknown"].includes(state));
  wrong.push(...left.map(({ id, state }) => `${id} is ${state} at the end`));
  if (before.state === "completed" && before.share !== 1) wrong.push(`completed with a share of ${before.share}`);
  const atOnce = new ProgressFold(graph);
  for (const event of events) if (!(PROGRESS_UNSEEN as readonly string[]).includes(event.type)) atOnce.apply(event);
  if (JSON.stringify(atOnce.view()) !== JSON.stringify(before))
    wrong.push(`read at once: ${JSON.stringify(atOnce.view())}; event by event: ${JSON.stringify(before)}`);
  return [...wrong, ...judgeCompacted(graph, events)];
};

/** As it would be where all before the last checkpoint is gone, at each event since then. */
const judgeCompacted = (graph: WorkflowGraph, events: readonly TaskEvent[]): readonly string[] => {
  const from = events.findLastIndex(({ type }) => type === "checkpoint.created");
  const head = events.slice(0, from);
  const submitted = submissionOf(events[0]);
  if (from < 1 || submitted === null) return [];
  const [whole, part] = [new ProgressFold(graph), new ProgressFold(graph)];
  for (const event of head) whole.apply(event);
  const task = { id: "t", contextId: "c", status: { state: "TASK_STATE_WORKING" as const } };
  part.apply({ seq: from, at: 0, type: "log.compacted", data: { submitted, state: "working", task } });
  const wrong: string[] = [];
  for (const event of events.slice(from)) {
    whole.apply(event);
    part.apply(event);
    const seen = new Map<string, NodeProgress>(part.view().nodes.map((node) => [node.id, node]));
    for (const { id, state } of whole.view().nodes) {
      const other = seen.get(id)?.state;
      // Of branches and items that are over nothing is kept; what lies in one may come again, or have ended in several ways.
      const isForgotten = other === "unknown" || (OVER.includes(state) && ["pending", ...OVER].includes(other ?? ""));
      if (other !== state && !isForgotten)
        wrong.push(`${id} is ${state}, and ${other} without what was compacted (event ${event.seq})`);
    }
  }
  return wrong.slice(0, 3);
};

const isResult = (event: TaskEvent): boolean =>
  (event.type === "step.completed" || event.type === "step.failed") && !event.data.path.includes("~");

/** Outside of branches and items. */
const nodeOf = (event: TaskEvent): string | undefined => {
  if (!("path" in event.data) || event.data.path === undefined) return undefined;
  return /(?:^\w+:|\[|\/)([A-Za-z]\w*)(?:@\d+)?\]?$/.exec(event.data.path)?.[1];
};
