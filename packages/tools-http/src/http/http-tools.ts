import { parseInput } from "@agentcore/contract";
import type { Tool } from "@agentcore/sdk";
import { type HttpSurroundings, ownSurroundings } from "../surroundings.ts";
import { httpGet } from "./http-get.ts";
import { HttpOptions, httpReaches, type ReadHttpOptions } from "./http-options.ts";
import { httpSend } from "./http-send.ts";

/** `http_get`, and `http_send` where `send` says to where, for an agent in code. Throws INVALID_ARGUMENT. */
export const httpTools = (options: HttpOptions = {}): readonly Tool[] => {
  const read = parseInput(HttpOptions, options, "the options of httpTools()");
  return toolsWithin(read, ownSurroundings(httpReaches(read)));
};

export const toolsWithin = (options: ReadHttpOptions, surroundings: HttpSurroundings): readonly Tool[] => [
  httpGet(options, surroundings) as Tool,
  ...(options.send === undefined ? [] : [httpSend(options, options.send, surroundings) as Tool]),
];
