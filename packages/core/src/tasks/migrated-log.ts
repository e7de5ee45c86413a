/** The log of a task as it reads when the task is moved to another revision of its agent, and whether it can be read so. */
import { invalidArgument, type MigrationRules, type TaskEvent } from "@agentcore/contract";
import type { TaskHead } from "../ports/index.ts";
import type { LoadedAgent } from "./agent-host.ts";
import { dryRun } from "./dry-run.ts";
import type { TaskEngine } from "./engine.ts";
import { assertDistinct, assertDroppable, assertRules, rulesBefore, rulesFor, underRules } from "./migration-rules.ts";

/**
 * `events` since the last checkpoint, as the task's own revision reads them; `asked`: by default the rules that the new revision declares, as
 * far as they say something of this one. Throws INVALID_ARGUMENT.
 */
export const migrated = async (
  engine: TaskEngine,
  head: TaskHead,
  target: { readonly revision: string; readonly agent: LoadedAgent },
  events: readonly TaskEvent[],
  asked: MigrationRules | undefined,
): Promise<{ readonly events: readonly TaskEvent[]; readonly rules: MigrationRules | null }> => {
  const { definition } = target.agent;
  const to = definition.workflow?.graph;
  if (target.revision === head.revision) return { events, rules: null };
  if (to === undefined) {
    if (asked === undefined) return { events, rules: null };
    const description = `expected none: ${head.agent} is no workflow, and has no nodes`;
    throw invalidArgument("the set of rules", [{ field: "rules", description }]);
  }
  const declared = definition.workflow?.migrate;
  const isRuled = asked !== undefined || declared !== undefined;
  const current = isRuled ? await ownRevision(engine, head) : null;
  const from = current?.definition.workflow?.graph ?? null;
  const rules = asked ?? (declared === undefined || from === null ? (declared ?? null) : rulesFor(declared, from));
  if (rules !== null) assertRules(rules, { from, to });
  assertDistinct([...rulesBefore(events), ...(rules === null ? [] : [rules])], to);
  if (rules === null) return { events, rules };
  if (rules.drop !== undefined && current !== null && from !== null)
    assertDroppable(rules, { events, open: await underWay(engine, head, current, events), from });
  return { events: underRules(events, rules), rules };
};

/** Null where it is gone. */
const ownRevision = async ({ host }: TaskEngine, head: TaskHead): Promise<LoadedAgent | null> => {
  try {
    return await host.load(head);
  } catch {
    return null;
  }
};

/** Also of steps, which the log has no word of until they have ended. */
const underWay = async (
  { senses }: TaskEngine,
  head: TaskHead,
  loaded: LoadedAgent,
  events: readonly TaskEvent[],
): Promise<readonly string[]> =>
  (await dryRun({ ...{ head, loaded, events, checkpointSeq: head.checkpointSeq }, ...senses })).next;
