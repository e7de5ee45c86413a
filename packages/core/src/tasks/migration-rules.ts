/**
 * What a run of a workflow recorded, as another revision of its graph would have: nodes renamed, and what came of dropped ones left out
 * (docs/decisions/0015). Pure, and never written to the log: applied where it is read for the code.
 */
import {
  addressIn,
  type CarriedEvent,
  type FieldViolation,
  invalidArgument,
  isReservedChoice,
  isWorkflowState,
  MAX_RULED_MIGRATIONS,
  type MigrationRules,
  renamedAddress,
  renamedPath,
  renamer,
  TaskEvent,
  unrenamer,
  type WorkflowFrameState,
  type WorkflowGraph,
  type WorkflowState,
} from "@agentcore/contract";
import { renamedPattern } from "./breakpoints.ts";
import { carriedBy } from "./call-records.ts";

type Rename = (node: string) => string;

const nodeOf = (path: string): string | null => addressIn(path)?.node ?? null;

/** The path that a call has after these migrations, the oldest first. */
export const pathAfter = (path: string, migrations: readonly MigrationRules[]): string =>
  migrations.reduce((now, rules) => renamedPath(now, renamer(rules)), path);

/** The path that a call had before these migrations, the oldest first: what its ids are made of, and what others know it by. */
export const pathsBefore = (migrations: readonly MigrationRules[]): ((path: string) => string) => {
  const back = migrations.map(unrenamer).toReversed();
  return (path) => back.reduce(renamedPath, path);
};

/** A migration with rules, and the number of its event. */
export interface RuledMigration {
  readonly seq: number;
  readonly rules: MigrationRules;
}

/** All types of events but those of migrations: what a reader of these leaves out. */
export const BUT_MIGRATIONS: readonly TaskEvent["type"][] = TaskEvent.options
  .map(({ shape }) => shape.type.value)
  .filter((type) => type !== "task.migrated");

export const migrationsIn = (events: readonly TaskEvent[]): readonly RuledMigration[] =>
  events.flatMap(({ seq, ...event }) =>
    event.type === "task.migrated" && event.data.rules !== undefined ? [{ seq, rules: event.data.rules }] : [],
  );

/** What the code of the last of these migrations is to read; null when the call's node was dropped. */
export const underMigrations = (event: TaskEvent, migrations: readonly RuledMigration[]): TaskEvent | null => {
  let read: TaskEvent | null = event;
  for (const { seq, rules } of migrations) if (read !== null && seq > event.seq) read = underRule(read, rules);
  return read;
};

/** The same of a part of a log, by the migrations in it. */
export const afterMigrations = (events: readonly TaskEvent[]): readonly TaskEvent[] => {
  const migrations = migrationsIn(events);
  return migrations.length === 0 ? events : events.flatMap((event) => underMigrations(event, migrations) ?? []);
};

/** The events as they read by these rules; those of dropped nodes are left out. */
export const underRules = (events: readonly TaskEvent[], rules: MigrationRules): readonly TaskEvent[] =>
  events.flatMap((event) => underRule(event, rules) ?? []);

const underRule = (event: TaskEvent, rules: MigrationRules): TaskEvent | null => {
  const rename = renamer(rules);
  const renamed = (patterns: readonly string[]): string[] => patterns.map((each) => renamedPattern(each, rename));
  if (event.type === "breakpoints.changed")
    return { ...event, data: { ...event.data, breakpoints: renamed(event.data.breakpoints) } };
  if (event.type === "checkpoint.created") {
    const { state, carried, debug } = event.data;
    const data = {
      ...event.data,
      ...(isWorkflowState(state) ? { state: stateUnder(state, rules) } : {}),
      ...(carried === undefined ? {} : { carried: carried.flatMap((call) => carriedUnder(call, rules) ?? []) }),
      ...(debug === undefined ? {} : { debug: { ...debug, breakpoints: renamed(debug.breakpoints) } }),
    };
    return { ...event, data };
  }
  const { path } = event.data as { readonly path?: unknown };
  if (typeof path !== "string") return event;
  if (rules.drop?.includes(nodeOf(path) ?? "") === true) return null;
  const data = { ...event.data, path: renamedPath(path, rename) };
  if (event.type !== "decision.made" || event.data.kind !== "choice") return { ...event, data } as TaskEvent;
  const { choice } = event.data;
  return { ...event, data: { ...data, choice: choice === null ? null : choiceUnder(choice, rename) } } as TaskEvent;
};

const carriedUnder = ({ since, ...call }: CarriedEvent, rules: MigrationRules): CarriedEvent | null => {
  const read = underRule({ seq: 0, ...call } as TaskEvent, rules);
  if (read === null) return null;
  const { seq: _, ...event } = read;
  return { since, ...event } as CarriedEvent;
};

const choiceUnder = (choice: string, rename: Rename): string => (isReservedChoice(choice) ? choice : rename(choice));

const stateUnder = ({ root, undo, failed }: WorkflowState, rules: MigrationRules): WorkflowState => {
  const rename = renamer(rules);
  const drop = new Set(rules.drop);
  const named = <Entry extends { readonly node: string; readonly address: string }>(entry: Entry): Entry => ({
    ...entry,
    node: rename(entry.node),
    address: renamedAddress(entry.address, rename),
  });
  const keyed = <Value>(values: Readonly<Record<string, Value>>): Record<string, Value> =>
    Object.fromEntries(
      Object.entries(values).flatMap(([node, value]) => (drop.has(node) ? [] : [[rename(node), value]])),
    );
  const frameUnder = ({
    at,
    outputs,
    errors,
    previous,
    visits,
    turns,
    fan,
    ...frame
  }: WorkflowFrameState): WorkflowFrameState => ({
    ...{ ...frame, at: rename(at), previous: previous === null ? null : rename(previous) },
    ...{ outputs: keyed(outputs), errors: keyed(errors), visits: keyed(visits), turns: keyed(turns) },
    ...(fan === undefined
      ? {}
      : {
          fan: {
            ...fan,
            address: renamedAddress(fan.address, rename),
            frames: fan.frames.map(frameUnder),
            nodes: fan.nodes.map(([branch, values]) => [branch, keyed(values)] as const),
          },
        }),
  });
  return {
    root: frameUnder(root),
    undo: undo.map(named),
    ...(failed === undefined
      ? {}
      : { failed: { ...failed, undone: failed.undone.map(named), stands: failed.stands.map(named) } }),
  };
};

/** Without what says nothing of a graph: one revision declares rules for runs of any before it. Null: nothing is left. */
export const rulesFor = (declared: MigrationRules, from: WorkflowGraph): MigrationRules | null => {
  const isThere = (node: string): boolean => Object.hasOwn(from.nodes, node);
  const rename = Object.entries(declared.rename ?? {}).filter(([old]) => isThere(old));
  const drop = (declared.drop ?? []).filter(isThere);
  if (rename.length === 0 && drop.length === 0) return null;
  return {
    ...(rename.length === 0 ? {} : { rename: Object.fromEntries(rename) }),
    ...(drop.length === 0 ? {} : { drop }),
  };
};

interface Revisions {
  /** Null: it cannot be loaded, so nobody knows what it had. */
  readonly from: WorkflowGraph | null;
  readonly to: WorkflowGraph;
}

/** Whether these rules lead from one graph to the other. Throws INVALID_ARGUMENT. */
export const assertRules = ({ rename = {}, drop = [] }: MigrationRules, { from, to }: Revisions): void => {
  const violations: FieldViolation[] = [];
  const refuse = (field: string, description: string): void => void violations.push({ field, description });
  const typeIn = (graph: WorkflowGraph | null, node: string): string | undefined =>
    graph !== null && Object.hasOwn(graph.nodes, node) ? graph.nodes[node]?.type : undefined;
  const olds = new Map<string, string>();
  for (const [old, now] of Object.entries(rename)) {
    const other = olds.get(now);
    olds.set(now, old);
    const field = `rules.rename.${old}`;
    const [was, is] = [typeIn(from, old), typeIn(to, now)];
    if (from !== null && was === undefined) refuse(field, `the run's revision has no node ${old}`);
    else if (is === undefined) refuse(field, `the new revision has no node ${now}`);
    else if (typeIn(to, old) !== undefined) refuse(field, `the new revision has a node ${old} as well`);
    else if (typeIn(from, now) !== undefined) refuse(field, `the run's revision has a node ${now} already`);
    else if (other !== undefined) refuse(field, `${other} is renamed to ${now} as well`);
    else if (was !== undefined && was !== is) refuse(field, `${old} is of the type ${was}, and ${now} of ${is}`);
    else if (isReservedChoice(old) && isChosen(from ?? to, from === null ? now : old))
      refuse(field, `a decision may have chosen it, which in the log looks as what loops and gates choose`);
  }
  for (const [index, node] of drop.entries()) {
    const field = `rules.drop.${index}`;
    if (from === null) refuse(field, "the run's revision cannot be loaded, so nobody knows what the node did");
    else if (typeIn(from, node) === undefined) refuse(field, `the run's revision has no node ${node}`);
    else if (typeIn(to, node) !== undefined) refuse(field, `the new revision has a node ${node}; leave it`);
  }
  if (violations.length > 0) throw invalidArgument("the set of rules", violations);
};

/** The rules that a run was moved by before, the oldest first, of its log since the last checkpoint. */
export const rulesBefore = (events: readonly TaskEvent[]): readonly MigrationRules[] => {
  const last = events.findLast(({ type }) => type === "checkpoint.created");
  const earlier = last?.type === "checkpoint.created" ? (last.data.migrated ?? []) : [];
  return [...earlier, ...migrationsIn(events).map(({ rules }) => rules)];
};

/**
 * Whether all these rules together leave each node of the graph with a first name of its own, by which ids are made of what it did. Throws
 * INVALID_ARGUMENT.
 */
export const assertDistinct = (all: readonly MigrationRules[], { nodes }: WorkflowGraph): void => {
  const firstName = (before: readonly MigrationRules[]): Rename => {
    const pathBefore = pathsBefore(before);
    return (node) => pathBefore(`step:${node}`).slice("step:".length);
  };
  const firstOf = firstName(all);
  const owners = new Map<string, string>();
  for (const [index, { drop = [] }] of all.entries()) {
    const firstThen = firstName(all.slice(0, index));
    for (const node of drop) owners.set(firstThen(node), `${node}, which was dropped`);
  }
  const violations = Object.keys(nodes).flatMap((node): FieldViolation[] => {
    const first = firstOf(node);
    const other = owners.get(first);
    owners.set(first, node);
    if (other === undefined) return [];
    return [{ field: "revision", description: `its node ${node} has a name that the run knows as that of ${other}` }];
  });
  if (all.length > MAX_RULED_MIGRATIONS)
    violations.push({
      field: "rules",
      description: `the run was moved by rules ${MAX_RULED_MIGRATIONS} times already`,
    });
  if (violations.length > 0) throw invalidArgument("the migration", violations);
};

const isChosen = ({ nodes }: WorkflowGraph, name: string): boolean =>
  Object.values(nodes).some(
    (node) => node.type === "decision" && (node.otherwise === name || node.cases.some(({ next }) => next === name)),
  );

/**
 * Whether nothing of the run rests on what is dropped. `events` as they were before; `open`: paths of calls under way. Throws
 * INVALID_ARGUMENT.
 */
export const assertDroppable = (
  { drop = [] }: MigrationRules,
  {
    events,
    open,
    from,
  }: { readonly events: readonly TaskEvent[]; readonly open: readonly string[]; readonly from: WorkflowGraph },
): void => {
  const underWay = new Set(open.flatMap((path) => nodeOf(path) ?? []));
  const done = new Set<string>();
  const standsBehind = new Set<string>();
  const carried = events.flatMap((event) =>
    event.type === "checkpoint.created" ? carriedBy(event).map((call) => call.event) : [],
  );
  for (const { type, data } of [...carried, ...events]) {
    if (type === "step.completed") done.add(nodeOf(data.path) ?? "");
    if (type !== "checkpoint.created" || !isWorkflowState(data.state)) continue;
    for (const { node } of data.state.undo) done.add(node);
    const look = ({ previous, fan }: WorkflowFrameState): void => {
      if (previous !== null) standsBehind.add(previous);
      for (const frame of fan?.frames ?? []) look(frame);
    };
    look(data.state.root);
  }
  const violations = drop.flatMap((node, index): FieldViolation[] => {
    const refuse = (description: string): FieldViolation[] => [{ field: `rules.drop.${index}`, description }];
    const spec = from.nodes[node];
    if (underWay.has(node)) return refuse(`${node} is under way`);
    if (spec !== undefined && "undo" in spec && spec.undo !== undefined && done.has(node))
      return refuse(`${node} has something to take back`);
    if (standsBehind.has(node))
      return refuse(`the run's checkpoint stands right behind ${node}, and would lose what it gave`);
    return [];
  });
  if (violations.length > 0) throw invalidArgument("the set of rules", violations);
};
