import { type ToolLibrary, toolLibrary } from "@agentcore/sdk";
import { HttpOptions, httpReaches, type ReadHttpOptions } from "./http-options.ts";
import { toolsWithin } from "./http-tools.ts";

export const httpLibrary: ToolLibrary<ReadHttpOptions> = toolLibrary({
  name: "http",
  description: "Reads pages, text and JSON over HTTP, and sends where it is told that it may",
  options: HttpOptions,
  reaches: httpReaches,
  open: toolsWithin,
});
