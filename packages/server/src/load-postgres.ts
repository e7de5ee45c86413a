import { loadInstalled } from "./load-installed.ts";

/** Throws NOT_INSTALLED when the driver is not there. */
export const loadPostgres = () =>
  loadInstalled("a database", "@agentcore/postgres", () => import("@agentcore/postgres"));
