/** The thread that reads a copy of the file: a page for each message, null after the last. */
import { DatabaseSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import { archivePages } from "./archive-rows.ts";

const { file } = workerData as { readonly file: string };
const database = new DatabaseSync(file);
// Nobody else reads the copy, and it is gone soon.
database.exec("pragma locking_mode = exclusive");
const pages = archivePages(database);

parentPort?.on("message", () => {
  const page = pages.next();
  parentPort?.postMessage(page.done === true ? null : page.value);
  if (page.done !== true) return;
  database.close();
  parentPort?.close();
});
