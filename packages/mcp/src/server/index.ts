/** A node as an MCP server. */
export { type DoorCaller, type DoorRequest, McpDoor, type McpDoorOptions, refusal } from "./mcp-door.ts";
export type { DoorAnswer, DoorCall, DoorQuestion, DoorResult, DoorSeam, DoorTool, ToolContent } from "./seam.ts";
