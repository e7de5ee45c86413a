import { DatabaseSync } from "node:sqlite";
import { loadPeer } from "./peer.ts";
import { STEPS, stepResult } from "./steps.ts";

export interface MastraPeer {
  run(): Promise<string>;
  close(): Promise<void>;
}

interface MastraModule {
  startMastra(folder: string, steps: number, resultOf: (step: number) => string): Promise<MastraPeer>;
}

export const withMastra = async <T>(folder: string, work: (mastra: MastraPeer) => Promise<T>): Promise<T> => {
  const { startMastra } = await loadPeer<MastraModule>("mastra");
  const mastra = await startMastra(folder, STEPS, stepResult);
  try {
    return await work(mastra);
  } finally {
    await mastra.close();
  }
};

/** Mode of the file Mastra left; its connection sets no `synchronous`, so SQLite's default (FULL) holds. */
export const describeMastra = (folder: string): string => {
  const database = new DatabaseSync(`${folder}/mastra.db`, { readOnly: true });
  const mode = String(database.prepare("pragma journal_mode").get()?.["journal_mode"]);
  const snapshots = Number(database.prepare("select count(*) as n from mastra_workflow_snapshot").get()?.["n"]);
  database.close();
  return `Mastra: default engine, LibSQL file, journal_mode=${mode}, snapshots ${snapshots} (the whole run's state is written again with every step)`;
};
