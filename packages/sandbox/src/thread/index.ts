/** Threads for code of ours that works on what others wrote: a parser, a database. Their time and memory end; files and network are those of the process. */
export { type BoundedThread, openThread, type ThreadCall, type ThreadOptions } from "./open-thread.ts";
export { serveThread } from "./serve-thread.ts";
