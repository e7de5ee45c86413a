import { submissionOf, TaskEvent } from "@agentcore/contract";
import fc from "fast-check";
import { expect, test } from "vitest";
import { anyLog } from "../../test/any-log.ts";
import { Journal } from "../tasks/journal.ts";
import { viewTask } from "../tasks/view.ts";
import { LogFold } from "./log-fold.ts";

/** As a store would hold it: through JSON and the schema. */
const foldUpTo = (log: readonly TaskEvent[], floor: number): readonly TaskEvent[] => {
  const fold = new LogFold("t");
  for (const event of log) if (event.seq <= floor) fold.add(event);
  const text = JSON.stringify({ ...fold.event(), seq: floor });
  return [TaskEvent.parse(JSON.parse(text)), ...log.filter(({ seq }) => seq > floor)];
};

const cut = (log: readonly TaskEvent[], share: number): number => 1 + Math.floor(share * (log.length - 1));
const share = fc.double({ min: 0, max: 0.999, noNaN: true });

test("a folded log shows the same task: state, times, history, artifacts, output, error; however often it was folded", () => {
  fc.assert(
    fc.property(anyLog, share, share, (log, first, second) => {
      const once = foldUpTo(log, cut(log, first));
      const again = foldUpTo(once, Math.max(cut(log, first), cut(log, second)));
      expect(viewTask("t", once)).toEqual(viewTask("t", log));
      expect(viewTask("t", again)).toEqual(viewTask("t", log));
      expect(again[0]).toEqual(foldUpTo(log, again[0]?.seq ?? 0)[0]);
      expect(submissionOf(again[0])?.data).toEqual(log[0]?.data);
    }),
    { numRuns: 500 },
  );
});

test("a reader in the middle, who gets the fold in place of what he missed, shows the same task as well", () => {
  fc.assert(
    fc.property(anyLog, share, share, (log, read, floor) => {
      const seen = log.filter(({ seq }) => seq <= cut(log, read));
      const rest = foldUpTo(log, cut(log, floor)).filter(({ seq }) => seq > seen.length);
      expect(viewTask("t", [...seen, ...rest])).toEqual(viewTask("t", log));
    }),
    { numRuns: 500 },
  );
});

test("a replay finds in a log folded before its last checkpoint what it finds in the whole one", () => {
  fc.assert(
    fc.property(anyLog, share, (log, floor) => {
      const checkpoint = log.findLast(({ type }) => type === "checkpoint.created")?.seq ?? 0;
      fc.pre(checkpoint > 1);
      const folded = foldUpTo(log, cut(log.slice(0, checkpoint - 1), floor));
      const tail = (events: readonly TaskEvent[]) => [
        ...events.slice(0, 1),
        ...events.filter(({ seq }) => seq >= checkpoint && seq > 1),
      ];
      expect(new Journal(tail(folded))).toEqual(new Journal(tail(log)));
    }),
    { numRuns: 500 },
  );
});
