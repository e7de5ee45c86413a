/* oxlint-disable unicorn/no-thenable -- `a.then(b)` is how it reads; a promise resolved with a path is told to build it */
/** `workflow()`: a graph of agents' tasks, written as it reads. */
import type {
  AgentDefinition,
  Decision,
  InferOutput,
  Schema,
  WorkflowNodeOf,
  WorkflowScope,
} from "@agentcore/contract/authoring";
import { agent, type SkillOptions } from "../agent.ts";
import { authorMistake, describe } from "../author-mistake.ts";
import { type AnyFunction, type GraphTable, type Link, putLinks, GraphTable as Table } from "./draft.ts";
import type {
  ChosenTarget,
  Condition,
  Duration,
  From,
  InputOption,
  JoinOptions,
  Rest,
  Scope,
  Simplify,
  TaskOptions,
  TaskTarget,
  TurnScope,
  Undo,
  With,
  Work,
  WorkOptions,
} from "./types.ts";
import type { Written } from "./written.ts";

export interface WorkflowOptions {
  /** RFC 1123 label: lower-case letters, digits and hyphens, at most 63. */
  readonly name: string;
  /** @default "The workflow <name>" */
  readonly description?: string;
  /** @default "0.1.0" */
  readonly version?: string;
  readonly skills?: readonly SkillOptions[];
  readonly labels?: Readonly<Record<string, string>>;
  /** Event types whose durable events start a run. */
  readonly subscribes?: readonly string[];
  /** Milliseconds from submission, after which it fails and takes back what it did. @default none */
  readonly timeoutMs?: number;
  readonly concurrency?: "context";
}

interface Settings extends WorkflowOptions {
  readonly inputSchema?: Schema | undefined;
}

// oxlint-disable-next-line typescript/no-explicit-any -- its input stands in a parameter, so `unknown` would refuse typed agents
type AnyAgent = AgentDefinition<any, any>;
declare const made: unique symbol;
/** What a part of a workflow gives, for the types alone: to compare whole paths would have no end. */
interface Made<Previous, Nodes> {
  readonly [made]?: { readonly previous: Previous; readonly nodes: Nodes };
}
type AnyPath = Made<unknown, unknown>;

type InputOf<A> = A extends AgentDefinition<infer Input, infer _> ? Input : never;
type OutputOf<A> = A extends AgentDefinition<infer _, infer Output> ? Awaited<Output> : never;
type PreviousOf<P> = P extends Made<infer Previous, infer _> ? Previous : never;
type NodesOf<P> = P extends Made<infer _, infer Nodes> ? Nodes : never;

interface CatchOption<Input, Previous, Nodes, Output> {
  /**
   * What is done instead when it has failed for good; `errors.<node>` says how. It gives what the node would have given: `previous` afterwards,
   * `nodes.<node>` is not there. @default the workflow fails
   */
  readonly catch?: (path: Path<Input, Previous, Nodes>) => Made<Output, unknown>;
}

type Branch<Input, Previous, Nodes> = AnyAgent | ((path: Path<Input, Previous, Nodes>) => AnyPath);
type BranchOutput<B> = B extends (path: never) => infer P ? PreviousOf<P> : OutputOf<B>;
type BranchNodes<B> = B extends (path: never) => infer P ? NodesOf<P> : Record<never, never>;
type UnionToIntersection<U> = (U extends unknown ? (each: U) => void : never) extends (all: infer I) => void
  ? I
  : never;

/** A part of a workflow: each method gives a new one with a node more, so that a part can be used twice. */
export class Path<Input, Previous, Nodes> implements Made<Previous, Nodes> {
  declare readonly [made]?: { readonly previous: Previous; readonly nodes: Nodes };
  private readonly settings: Settings;
  private readonly links: readonly Link[];

  /** @internal by `workflow()` */
  constructor(settings: Settings, links: readonly Link[] = []) {
    this.settings = settings;
    this.links = links;
  }

  /** Types the workflow's input; one that does not fit is refused before a run begins. */
  input<S extends Schema>(schema: S): Path<InferOutput<S>, InferOutput<S>, Nodes> {
    if (this.links.length > 0) throw this.mistake("input", "expected before the first node");
    return new Path({ ...this.settings, inputSchema: schema }, this.links);
  }

  /** An agent's task. Its node is named as the agent; `as` gives it a name by which later nodes know its output: `nodes.<name>`. */
  then<A extends AnyAgent, const Id extends string = never>(
    agent: A,
    ...options: Rest<
      TaskOptions<Scope<Input, Nodes, Previous>, OutputOf<A>, Id> &
        CatchOption<Input, Previous, Nodes, OutputOf<A>> &
        InputOption<Scope<Input, Nodes, Previous>, Previous, InputOf<A>>
    >
  ): Path<Input, OutputOf<A>, With<Nodes, Id, OutputOf<A>>>;
  /** A task for whoever the target means. `Output` is what is expected of it. */
  then<Output = unknown, const Id extends string = never>(
    target: TaskTarget | ChosenTarget<Scope<Input, Nodes, Previous>>,
    options: TaskOptions<Scope<Input, Nodes, Previous>, Output, Id> &
      CatchOption<Input, Previous, Nodes, Output> & {
        readonly as: Id;
        readonly input?: From<Scope<Input, Nodes, Previous>, unknown>;
      },
  ): Path<Input, Output, With<Nodes, Id, Output>>;
  then(work: unknown, given?: unknown): never {
    const options = (given ?? {}) as LooseOptions;
    // A promise that is resolved with a path calls it so.
    if (typeof work === "function")
      throw this.mistake("build", "expected .build() at the end: what is exported has to be the finished workflow");
    const id = options.as ?? nameOf(work);
    return this.withWork(id, work, options);
  }

  /** A function, run as one step: its result is recorded and it is never run again. */
  step<Id extends string, Output, Taken = Previous>(
    id: Id,
    work: Work<Taken, Output>,
    ...[options]: Rest<
      WorkOptions<Scope<Input, Nodes, Previous>, Awaited<Output>> &
        CatchOption<Input, Previous, Nodes, Awaited<Output>> &
        InputOption<Scope<Input, Nodes, Previous>, Previous, Taken>
    >
  ): Path<Input, Awaited<Output>, With<Nodes, Id, Awaited<Output>>> {
    return this.withWork(id, work, (options ?? {}) as LooseOptions);
  }

  /** All at once; the output is an object by the names of the agents. */
  parallel<Agents extends readonly AnyAgent[]>(
    ...agents: Agents
  ): Path<Input, Record<string, OutputOf<Agents[number]>>, Nodes>;
  /** All at once; the output is an object by the names of the branches. What their nodes gave is there for all nodes after it. */
  parallel<Id extends string, Branches extends Readonly<Record<string, Branch<Input, Previous, Nodes>>>>(
    id: Id,
    branches: Branches,
    options?: JoinOptions,
  ): Path<
    Input,
    { [Name in keyof Branches]: BranchOutput<Branches[Name]> },
    Simplify<
      Nodes &
        UnionToIntersection<BranchNodes<Branches[keyof Branches]>> &
        Record<Id, { [Name in keyof Branches]: BranchOutput<Branches[Name]> }>
    >
  >;
  /** All at once, with the outputs made into one: `merge` gets them by the names of the branches. */
  parallel<Id extends string, Branches extends Readonly<Record<string, Branch<Input, Previous, Nodes>>>, Merged>(
    id: Id,
    branches: Branches,
    options: JoinOptions & {
      readonly merge:
        | ((branches: { [Name in keyof Branches]: BranchOutput<Branches[Name]> }) => Merged)
        | Written<Merged>;
    },
  ): Path<
    Input,
    Merged,
    Simplify<Nodes & UnionToIntersection<BranchNodes<Branches[keyof Branches]>> & Record<Id, Merged>>
  >;
  /** The first that is done; the others are ended. `list`, `concat`, `assign`: as in docs/workflows.md. */
  parallel<Id extends string, Branches extends Readonly<Record<string, Branch<Input, Previous, Nodes>>>>(
    id: Id,
    branches: Branches,
    options: JoinOptions & { readonly merge: "first" },
  ): Path<
    Input,
    BranchOutput<Branches[keyof Branches]>,
    Simplify<Nodes & Record<Id, BranchOutput<Branches[keyof Branches]>>>
  >;
  parallel<Id extends string, Branches extends Readonly<Record<string, Branch<Input, Previous, Nodes>>>>(
    id: Id,
    branches: Branches,
    options: JoinOptions & { readonly merge: "list" | "concat" },
  ): Path<
    Input,
    BranchOutput<Branches[keyof Branches]>[],
    Nodes & Record<Id, BranchOutput<Branches[keyof Branches]>[]>
  >;
  parallel<Id extends string, Branches extends Readonly<Record<string, Branch<Input, Previous, Nodes>>>>(
    id: Id,
    branches: Branches,
    options: JoinOptions & { readonly merge: "assign" },
  ): Path<
    Input,
    UnionToIntersection<BranchOutput<Branches[keyof Branches]>>,
    Nodes & Record<Id, UnionToIntersection<BranchOutput<Branches[keyof Branches]>>>
  >;
  parallel(first: unknown, second?: unknown, third?: unknown, ...more: unknown[]): never {
    const isNamed = typeof first === "string";
    const agents = isNamed ? [] : [first, second, third, ...more].filter((each) => each !== undefined);
    const branches = isNamed
      ? (second as Record<string, unknown>)
      : Object.fromEntries(agents.map((each) => [nameOf(each), each]));
    const id = isNamed ? first : Object.keys(branches).join("_").slice(0, 63);
    const { merge, description, onFailure, need, until } = (isNamed ? (third ?? {}) : {}) as JoinOptions & {
      merge?: unknown;
    };
    return this.with((table, next) => {
      const fork = `${id}-fork`.slice(-63);
      const after = next();
      const started = Object.fromEntries(
        Object.entries(branches).map(([name, branch]) => [name, putLinks(this.linksOf(name, branch), table, () => id)]),
      );
      table.put(id, {
        type: "join",
        next: after,
        ...(merge === undefined
          ? {}
          : {
              merge:
                typeof merge === "string"
                  ? (merge as "first")
                  : { value: table.expression(`${id}.merge`, ofBranches(merge)) },
            }),
        ...(until === undefined ? {} : { until: condition(table, `${id}.until`, ofBranches(until)) }),
        ...optional({ onFailure, need }),
      });
      return table.put(fork, { type: "parallel", branches: started, join: id, ...optional({ description }) });
    });
  }

  /** Goes the first way whose condition holds, else `otherwise`, else on. The ways meet again behind it. */
  decide<
    const Cases extends readonly {
      readonly when: Condition<Scope<Input, Nodes, Previous>>;
      readonly do: (path: Path<Input, Previous, Nodes>) => AnyPath;
    }[],
    Otherwise extends (path: Path<Input, Previous, Nodes>) => AnyPath = (
      path: Path<Input, Previous, Nodes>,
    ) => Path<Input, Previous, Nodes>,
  >(
    id: string,
    cases: Cases,
    otherwise?: Otherwise,
  ): Path<
    Input,
    PreviousOf<ReturnType<Cases[number]["do"]>> | PreviousOf<ReturnType<Otherwise>>,
    Simplify<
      Nodes &
        Partial<Omit<UnionToIntersection<NodesOf<ReturnType<Cases[number]["do"]>>>, keyof Nodes>> &
        Partial<Omit<NodesOf<ReturnType<Otherwise>>, keyof Nodes>>
    >
  > {
    return this.with((table, next) =>
      table.put(id, {
        type: "decision",
        cases: cases.map((each, index) => ({
          when: condition(table, `${id}.${index}`, each.when),
          next: putLinks(this.linksOf(`${id}.${index}`, each.do), table, next),
        })),
        otherwise: otherwise === undefined ? next() : putLinks(this.linksOf(`${id}.otherwise`, otherwise), table, next),
      }),
    );
  }

  /** For each item of a list; the output is the list of what came of them, in order. */
  map<Id extends string, Item, Output>(
    id: Id,
    over: From<Scope<Input, Nodes, Previous>, readonly Item[]>,
    each: AgentDefinition<Item, Output> | ((path: Path<Input, Item, Nodes>) => Made<Output, unknown>),
    options: {
      readonly description?: string;
      /** Items at once. @default 10 */
      readonly concurrency?: number;
      /** ignore: null stands in the place of what failed. @default "fail" */
      readonly onFailure?: "fail" | "ignore";
    } = {},
  ): Path<Input, Awaited<Output>[], Simplify<Nodes & Record<Id, Awaited<Output>[]>>> {
    return this.with((table, next) => {
      const body = putLinks(this.linksOf(id, each), table, () => id);
      return table.put(id, {
        ...{ type: "map", over: table.expression(`${id}.over`, over), body, next: next() },
        ...optional(options),
      });
    });
  }

  /** Again and again, until the condition holds after a turn. Its output is that of the last turn. */
  loop<Id extends string, Body extends AnyPath, Otherwise extends AnyPath = Path<Input, never, Nodes>>(
    id: Id,
    turn: (path: Path<Input, Previous, Nodes>) => Body,
    options: {
      readonly description?: string;
      readonly until?: Condition<TurnScope<Input, Simplify<Nodes & NodesOf<Body>>, PreviousOf<Body>>>;
      readonly maxTurns: number;
      /** When the turns are used up. @default it fails, where there is an `until` */
      readonly otherwise?: (path: Path<Input, PreviousOf<Body>, Simplify<Nodes & NodesOf<Body>>>) => Otherwise;
    },
  ): Path<
    Input,
    PreviousOf<Body> | PreviousOf<Otherwise>,
    Simplify<Nodes & NodesOf<Body> & Record<Id, PreviousOf<Body>>>
  > {
    const { until, maxTurns, otherwise, description } = options;
    return this.with((table, next) => {
      const body = putLinks(this.linksOf(id, turn), table, () => id);
      return table.put(id, {
        ...{ type: "loop", body, maxTurns, next: next() },
        ...(until === undefined ? {} : { until: condition(table, `${id}.until`, until) }),
        ...(otherwise === undefined
          ? {}
          : { otherwise: putLinks(this.linksOf(`${id}.otherwise`, otherwise), table, next) }),
        ...optional({ description }),
      });
    });
  }

  /**
   * Goes on when what was done is good enough, else back to `again`, an earlier node. That sees then as `previous` what came last before the gate,
   * whatever the types say of its first turn: where these differ give it an `input` of `nodes`.
   */
  gate<Otherwise extends AnyPath = Path<Input, never, Nodes>>(
    id: string,
    options: {
      readonly description?: string;
      readonly pass: Condition<TurnScope<Input, Nodes, Previous>>;
      readonly again: (keyof Nodes & string) | (string & {});
      /** @default 3 */
      readonly maxTurns?: number;
      /** When the last turn did not pass. @default it fails */
      readonly otherwise?: (path: Path<Input, Previous, Nodes>) => Otherwise;
    },
  ): Path<Input, Previous | PreviousOf<Otherwise>, Nodes> {
    const { pass, again, maxTurns, otherwise, description } = options;
    return this.with((table, next) =>
      table.put(id, {
        ...{ type: "gate", pass: condition(table, `${id}.pass`, pass), again, next: next() },
        ...(otherwise === undefined
          ? {}
          : { otherwise: putLinks(this.linksOf(`${id}.otherwise`, otherwise), table, next) }),
        ...optional({ maxTurns, description }),
      }),
    );
  }

  /**
   * For a time, up to one, for a signal that somebody sends to the task, or for a durable event of an agent; what came is the output, its payload.
   * `where` is CEL over `event` (`{ id, topic, source, payload }`) and what the workflow has, `input.order`, as it is when the wait begins.
   */
  wait(
    id: string,
    wait: { readonly duration: Duration } | { readonly until: From<Scope<Input, Nodes, Previous>, number | string> },
  ): Path<Input, null, Nodes>;
  wait<Payload = unknown, const Id extends string = string>(
    id: Id,
    wait: ({ readonly signal: string } | { readonly event: { readonly topic: string; readonly where?: string } }) & {
      /** @default for ever */
      readonly timeout?: Duration;
      /** When it did not come in time. @default it fails */
      readonly otherwise?: (path: Path<Input, Previous, Nodes>) => Made<Payload, unknown>;
    },
  ): Path<Input, Payload, With<Nodes, Id, Payload>>;
  /** What is done instead gives something else than what is waited for. */
  wait<Payload = unknown, const Id extends string = string>(
    id: Id,
    wait: ({ readonly signal: string } | { readonly event: { readonly topic: string; readonly where?: string } }) & {
      readonly timeout: Duration;
      readonly otherwise: (path: Path<Input, Previous, Nodes>) => Made<unknown, unknown>;
    },
  ): Path<Input, unknown, With<Nodes, Id, Payload | undefined>>;
  wait(id: string, given: object): never {
    const { until, otherwise, ...wait } = given as {
      readonly until?: AnyFunction;
      readonly otherwise?: (path: never) => Made<unknown, unknown>;
      readonly duration?: Duration;
      readonly signal?: string;
      readonly event?: { readonly topic: string; readonly where?: string };
      readonly timeout?: Duration;
    };
    return this.with((table, next) =>
      table.put(id, {
        ...{ type: "wait", next: next() },
        ...(until === undefined ? {} : { until: table.expression(`${id}.until`, until) }),
        ...(otherwise === undefined
          ? {}
          : { otherwise: putLinks(this.linksOf(`${id}.otherwise`, otherwise), table, next) }),
        ...optional(wait),
      }),
    );
  }

  /** Asks people; the output is what they decided. By `on` a choice leads another way, which meets this one again. */
  approve<
    Id extends string,
    Ways extends Readonly<Record<string, unknown>> = Record<never, never>,
    Otherwise extends AnyPath = Path<Input, never, Nodes>,
  >(
    id: Id,
    {
      prompt,
      show,
      on,
      otherwise,
      ...options
    }: {
      readonly description?: string;
      /** What is to be decided, in words; `${…}` in it are expressions. */
      readonly prompt: string | From<Scope<Input, Nodes, Previous>, string>;
      /** What they decide on. @default the output of the node before */
      readonly show?: From<Scope<Input, Nodes, Previous>, unknown>;
      /** @default ["approve", "reject"] */
      readonly choices?: readonly [string, ...string[]];
      /** Names of callers. @default whoever may send messages to the task */
      readonly approvers?: readonly [string, ...string[]];
      /** So many different people must choose the same, the caller of the task not among them. @default one, whoever it is */
      readonly fourEyes?: number;
      readonly expiresAfter?: Duration;
      readonly remindAfter?: Duration;
      readonly escalate?: { readonly after: Duration; readonly to: readonly [string, ...string[]] };
      readonly on?: {
        readonly [Choice in keyof Ways]: (
          path: Path<Input, Decision, With<Nodes, Id, Decision>>,
        ) => Made<Ways[Choice], unknown>;
      };
      /** When nobody decided in time. @default it fails */
      readonly otherwise?: (path: Path<Input, Previous, Nodes>) => Otherwise;
    },
  ): Path<Input, Decision | Ways[keyof Ways] | PreviousOf<Otherwise>, With<Nodes, Id, Decision>> {
    return this.with((table, next) =>
      table.put(id, {
        type: "approval",
        next: next(),
        prompt: typeof prompt === "string" ? prompt : (table.template(`${id}.prompt`, prompt) as string),
        ...(show === undefined ? {} : { show: table.template(`${id}.show`, show) }),
        ...(on === undefined || Object.keys(on).length === 0
          ? {}
          : {
              on: Object.fromEntries(
                Object.entries(on).map(([choice, way]) => [
                  choice,
                  putLinks(this.linksOf(`${id}.${choice}`, way), table, next),
                ]),
              ),
            }),
        ...(otherwise === undefined
          ? {}
          : { otherwise: putLinks(this.linksOf(`${id}.otherwise`, otherwise), table, next) }),
        ...(optional(options) as object),
      }),
    );
  }

  /** Ends in failure; what has an `undo` is taken back. */
  fail(id: string, message: string | From<Scope<Input, Nodes, Previous>, string>): Path<Input, never, Nodes> {
    return this.with((table) =>
      table.put(id, {
        type: "fail",
        message: typeof message === "string" ? message : (table.template(`${id}.message`, message) as string),
      }),
    );
  }

  /** The finished workflow: an agent like any other. `output` makes what it gives of the scope. @default the output of the last node */
  build<Output = Previous>(output?: From<Scope<Input, Nodes, Previous>, Output>): AgentDefinition<Input, Output> {
    const { inputSchema, name, ...settings } = this.settings;
    if (name === "") throw this.mistake("build", "only the whole workflow is built, not a part of it");
    if (this.links.length === 0) throw this.mistake("then", "expected at least one node");
    const table = new Table(this.what);
    let end: string | null = null;
    const putEnd = (): string =>
      (end ??= table.put(
        "end",
        output === undefined ? { type: "end" } : { type: "end", output: table.template("end.output", output) },
      ));
    const start = putLinks(this.links, table, putEnd);
    return Object.freeze({
      ...agent({
        ...settings,
        name,
        description: settings.description ?? `The workflow ${name}`,
        ...(inputSchema === undefined ? {} : { input: inputSchema }),
        workflow: { graph: table.toGraph(start), functions: table.functions },
      }),
    }) as AgentDefinition<Input, Output>;
  }

  /** Its type is what the method says that calls it. */
  private with(link: Link): never {
    return new Path(this.settings, [...this.links, link]) as never;
  }

  private withWork(id: string, work: unknown, options: LooseOptions): never {
    return this.with((table, next) =>
      table.put(id, {
        ...workNode(table, id, work, options, next()),
        ...(options.catch === undefined
          ? {}
          : { catch: putLinks(this.linksOf(`${id}.catch`, options.catch), table, next) }),
      }),
    );
  }

  /** Of a branch, as its function writes it or for an agent alone. */
  private linksOf(name: string, branch: unknown): readonly Link[] {
    const begin = new Path({ ...this.settings, name: "" });
    const path: unknown =
      typeof branch === "function" ? (branch as (path: unknown) => unknown)(begin) : begin.then(branch as AnyAgent);
    if (!(path instanceof Path)) throw this.mistake(name, `expected the path with its nodes, got ${describe(path)}`);
    return path.links;
  }

  private get what(): string {
    return `workflow "${this.settings.name}"`;
  }

  private mistake(field: string, expected: string): Error {
    return authorMistake(this.what, field, expected);
  }
}

/** Begins a workflow. Finish it with `.build()`. */
export const workflow = (options: string | WorkflowOptions): Path<unknown, unknown, Record<never, never>> =>
  new Path(typeof options === "string" ? { name: options } : options);

interface LooseOptions {
  readonly as?: string;
  readonly description?: string;
  readonly input?: unknown;
  readonly timeout?: Duration;
  readonly retry?: object;
  readonly skill?: string;
  readonly priority?: "normal";
  readonly undo?: Undo<never, never>;
  readonly catch?: AnyFunction;
}

const workNode = (
  table: GraphTable,
  id: string,
  work: unknown,
  options: LooseOptions,
  next: string,
): WorkflowNodeOf<"custom" | "task" | "workflow"> => {
  const { input, undo, retry, skill, priority, description, timeout } = options;
  const common = {
    next,
    ...(input === undefined ? {} : { input: table.template(`${id}.input`, input) }),
    ...(undo === undefined ? {} : { undo: undoOf(table, id, undo) }),
    ...optional({ description, timeout }),
  };
  if (typeof work === "function")
    return { type: "custom", function: table.keep(id, work as AnyFunction), ...common, ...optional({ retry }) };
  const task = { ...common, ...optional({ skill, priority }) };
  if (isAgent(work) && work.workflow !== undefined) return { type: "workflow", workflow: work.name, ...task };
  const target = isChosen(work)
    ? (table.template(`${id}.target`, work.target) as string | { $function: string })
    : targetOf(work);
  return { type: "task", target, ...task };
};

const undoOf = (table: GraphTable, id: string, undo: Undo<never, never>) => {
  if (typeof undo === "function") return { function: table.keep(`${id}.undo`, undo) };
  const { by, input, ...options } = undo;
  return {
    ...(typeof by === "function" ? { function: table.keep(`${id}.undo`, by) } : { target: targetOf(by) }),
    ...(input === undefined ? {} : { input: table.template(`${id}.undo.input`, input) }),
    ...options,
  };
};

const isAgent = (value: unknown): value is AgentDefinition =>
  typeof value === "object" && value !== null && "name" in value && "skills" in value;

const isChosen = (value: unknown): value is { readonly target: unknown } =>
  typeof value === "object" && value !== null && "target" in value;

const targetOf = (value: unknown): TaskTarget => (isAgent(value) ? { agent: value.name } : (value as TaskTarget));

const nameOf = (value: unknown): string => {
  if (isAgent(value)) return value.name;
  throw authorMistake("workflow", "then", `expected an agent, or a name and what it does, got ${describe(value)}`);
};

const condition = (table: GraphTable, name: string, when: unknown): string | { readonly $function: string } =>
  typeof when === "string" ? when : table.expression(name, when);

/** A function of the outputs by branch. */
const ofBranches = (work: unknown): unknown =>
  typeof work === "function" ? ({ branches }: WorkflowScope) => (work as AnyFunction)(branches as never) : work;

/** Without what is not said. */
const optional = <T extends object>(options: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
