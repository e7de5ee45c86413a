/** Threads and processes for code of ours that works on what others wrote: a parser, a database. Their time and memory end; files and network are those of the node's user. */
export { openPlaces, type Places } from "../places.ts";
export type { BoundedCall, BoundedOptions, BoundedWorker } from "./bounded-worker.ts";
export { openProcess } from "./open-process.ts";
export { openThread } from "./open-thread.ts";
export { serveCalls } from "./serve-calls.ts";
