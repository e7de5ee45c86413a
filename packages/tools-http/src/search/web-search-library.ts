import { type ToolLibrary, toolLibrary } from "@agentcore/sdk";
import { SearchOptions, searchReaches, searchWithin } from "./web-search.ts";

export const webSearchLibrary: ToolLibrary<SearchOptions> = toolLibrary({
  name: "web-search",
  description: "Searches the web by Brave, Tavily, Serper, or a SearXNG of your own",
  options: SearchOptions,
  reaches: searchReaches,
  open: (options, surroundings) => [searchWithin(options, surroundings)],
});
