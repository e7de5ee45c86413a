/** Everyone whose workflows are measured, each in a process and a store of its own. */
import { mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { startAsked } from "../asking.ts";
import { format } from "../measure.ts";
import { storedBytes, withDatabase } from "../postgres/server.ts";
import { withFolder } from "../scratch.ts";
import { NODES } from "./work.ts";
import type { Answer, Request } from "./workflow-process.ts";

/** Ours, or a file of peers/. */
export type SideName = "ours" | "langgraph" | "mastra" | "dbos";
export const PEERS = ["langgraph", "mastra", "dbos"] as const satisfies readonly SideName[];

/** Where a side stores its runs. */
export interface Place {
  readonly name: SideName;
  /** A folder, or the address of a database. */
  readonly at: string;
  /** Every commit is synced, where that is not so by itself. */
  readonly full: boolean;
}

export interface WorkflowRunner {
  readonly place: Place;
  /** Settings and durability, for the notes. */
  readonly notes: readonly string[];
  /** So many runs of the graph, all at once or one after another; resolves with milliseconds. Throws when one ends with a wrong value. */
  runGraphs(runs: number, atOnce: boolean): Promise<number>;
  /** So many runs of the loop at once. */
  runLoops(runs: number): Promise<void>;
  /** Milliseconds of processor time a run of the graph, in its process alone. */
  readonly cpuMsPerRun: number;
  /** Throws when the result of a node of a run of the graph is not in the store. */
  checkResults(): Promise<number>;
  close(): Promise<void>;
}

export const startWorkflowRunner = async (place: Place): Promise<WorkflowRunner> => {
  const { name, at, full } = place;
  const { ask, close } = startAsked<Request, Answer>({
    module: "workflows/workflow-process.ts",
    parameters: [name, at, full ? "full" : ""],
    name: `workflows-${name}${full ? "-full" : ""}`,
  });
  const { notes } = await ask<"start">({ kind: "start" });
  let graphs = 0;
  let cpu = 0;
  const orders = (runs: number): readonly number[] => Array.from({ length: runs }, (_, each) => each);
  return {
    place,
    notes,
    get cpuMsPerRun() {
      return cpu / graphs;
    },
    runGraphs: async (runs, atOnce) => {
      const { ms, cpuMs } = await ask<"run">({ kind: "run", of: "graph", orders: orders(runs), atOnce });
      graphs += runs;
      cpu += cpuMs;
      return ms;
    },
    runLoops: async (runs) => {
      await ask<"run">({ kind: "run", of: "loop", orders: orders(runs), atOnce: true });
    },
    checkResults: async () => {
      const { results } = await ask<"count">({ kind: "count" });
      if (results !== graphs * NODES)
        throw new Error(`${name} ran ${format(graphs * NODES)} nodes and stored the results of ${format(results)}`);
      return results;
    },
    close,
  };
};

/** Empty stores, gone afterwards. */
export const withPlaces = <T>(work: (places: Readonly<Record<SideName, Place>>) => Promise<T>): Promise<T> =>
  withFolder((folder) =>
    withDatabase("dbos", (url) => {
      const inFolder = (name: SideName): Place => ({ name, at: folderOf(folder, name), full: false });
      return work({
        ours: inFolder("ours"),
        langgraph: inFolder("langgraph"),
        mastra: inFolder("mastra"),
        dbos: { name: "dbos", at: url, full: false },
      });
    }),
  );

/** The same with a sync on every commit, as ours has, in a folder of its own. */
export const fully = (place: Place): Place => ({ ...place, at: folderOf(place.at, "full"), full: true });

const folderOf = (folder: string, name: string): string => {
  const at = join(folder, name);
  mkdirSync(at, { recursive: true });
  return at;
};

export const withRunners = async <T>(
  places: readonly Place[],
  work: (runners: readonly WorkflowRunner[]) => Promise<T>,
): Promise<T> => {
  const runners: WorkflowRunner[] = [];
  try {
    for (const place of places) runners.push(await startWorkflowRunner(place));
    return await work(runners);
  } finally {
    for (const runner of runners) await runner.close();
  }
};

/** Bytes of a store that nobody has open, all of its write-ahead log written back first and none of its free room given back. */
export const bytesOf = async ({ name, at }: Place): Promise<number> => {
  if (name === "dbos") return storedBytes(at);
  const files = (): readonly string[] =>
    readdirSync(at, { recursive: true, encoding: "utf8" }).map((entry) => join(at, entry));
  files()
    .filter((file) => file.endsWith(".db"))
    .forEach(writeBack);
  return files().reduce((bytes, file) => bytes + (statSync(file).isFile() ? statSync(file).size : 0), 0);
};

const writeBack = (file: string): void => {
  const database = new DatabaseSync(file);
  database.exec("pragma wal_checkpoint(truncate)");
  database.close();
};
