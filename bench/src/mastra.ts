import { DatabaseSync } from "node:sqlite";
import { loadPeer } from "./peer.ts";
import { STEPS, stepResult } from "./steps.ts";

export interface MastraPeer {
  run(): Promise<string>;
  close(): Promise<void>;
}

interface MastraModule {
  startMastra(
    folder: string,
    options: { readonly steps: number; readonly resultOf: (step: number) => string; readonly full: boolean },
  ): Promise<MastraPeer>;
}

/** Mastra as it comes, and `full`: the same with a sync on every commit, as ours has. */
export const withMastra = async <T>(folder: string, work: (peers: Mastras) => Promise<T>): Promise<T> => {
  const { startMastra } = await loadPeer<MastraModule>("mastra");
  const options = { steps: STEPS, resultOf: stepResult };
  const standard = await startMastra(folder, { ...options, full: false });
  const full = await startMastra(folder, { ...options, full: true });
  try {
    return await work({ standard, full });
  } finally {
    await standard.close();
    await full.close();
  }
};

export interface Mastras {
  readonly standard: MastraPeer;
  readonly full: MastraPeer;
}

export const describeMastra = (folder: string): string => {
  const database = new DatabaseSync(`${folder}/mastra.db`, { readOnly: true });
  const mode = String(database.prepare("pragma journal_mode").get()?.["journal_mode"]);
  const snapshots = Number(database.prepare("select count(*) as n from mastra_workflow_snapshot").get()?.["n"]);
  database.close();
  return `Mastra as it comes: default engine, LibSQL file, journal_mode=${mode}, synchronous=NORMAL (a commit is not synced: weaker than ours), ${snapshots} runs; a step writes the whole run's state`;
};
