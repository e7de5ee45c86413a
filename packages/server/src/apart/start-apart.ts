import type { ApartHostOptions } from "./apart-host.ts";
import { startProcess } from "./start-process.ts";
import { startThread } from "./start-thread.ts";

/** How code is started that a manifest puts apart. */
export const startApart = (isolation: "thread" | "process"): ApartHostOptions["start"] =>
  isolation === "thread" ? startThread : startProcess;
