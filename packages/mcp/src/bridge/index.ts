/** Standard input and output as a client of an MCP server at an address: for programs that can only start one. */
export { type BridgeOptions, bridge } from "./bridge.ts";
