/** The child process of workflow-runner.ts. */
import { answerRequests } from "../answering.ts";
import { time } from "../measure.ts";
import { loadPeer } from "../peer.ts";
import { expectedOf, TURNS, type Work, work } from "./work.ts";

export type Request =
  | { readonly kind: "start" }
  /** `orders`: runs, each of an order of its own. */
  | {
      readonly kind: "run";
      readonly of: "graph" | "loop";
      readonly orders: readonly number[];
      readonly atOnce: boolean;
    }
  | { readonly kind: "count" };

export type Answer =
  | { readonly kind: "start"; readonly notes: readonly string[] }
  | { readonly kind: "run"; readonly ms: number; readonly cpuMs: number }
  /** Results of nodes of the graph that are in the store. */
  | { readonly kind: "count"; readonly results: number };

/** What a module with workflows exports as `startWorkflows`. */
export interface Workflows {
  readonly notes: readonly string[];
  /** One run of the graph; resolves with the value it ends with. */
  runGraph(order: number): Promise<number>;
  /** One run of the loop; resolves with the turn it ends at. */
  runLoop(): Promise<number>;
  /** Results of nodes of the graph that are in the store, of all runs so far. */
  countResults(): Promise<number>;
  close(): Promise<void>;
}

export interface WorkflowsModule {
  startWorkflows(options: {
    /** A folder, or the address of a database. */
    readonly place: string;
    readonly work: Work;
    readonly turns: number;
    /** Syncs every commit, where that is not so by itself. */
    readonly full: boolean;
  }): Promise<Workflows>;
}

const [name = "", place = "", full = ""] = process.argv.slice(2);
let workflows: Workflows | undefined;

const answerTo = async (request: Request): Promise<Answer> => {
  if (request.kind === "start") {
    const module = await (name === "ours"
      ? import("./our-workflows.ts")
      : loadPeer<WorkflowsModule>(`${name}-workflows`));
    workflows = await module.startWorkflows({ place, work, turns: TURNS, full: full === "full" });
    return { kind: "start", notes: workflows.notes };
  }
  const running = workflows;
  if (running === undefined) throw new Error("not started");
  if (request.kind === "count") return { kind: "count", results: await running.countResults() };
  const expected = new Map<number, number>();
  for (const order of request.orders) expected.set(order, request.of === "loop" ? TURNS : await expectedOf(order));
  const one = async (order: number): Promise<void> => {
    const value = await (request.of === "loop" ? running.runLoop() : running.runGraph(order));
    if (value !== expected.get(order)) throw new Error(`run ${order} gave ${value} instead of ${expected.get(order)}`);
  };
  const cpu = process.cpuUsage();
  const ms = await time(async () => {
    if (request.atOnce) await Promise.all(request.orders.map(one));
    else for (const order of request.orders) await one(order);
  });
  const { user, system } = process.cpuUsage(cpu);
  return { kind: "run", ms, cpuMs: (user + system) / 1000 };
};

answerRequests(answerTo, () => workflows?.close());
