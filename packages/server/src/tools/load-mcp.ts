import { loadInstalled } from "../load-installed.ts";

/** Throws NOT_INSTALLED when the protocol's SDK is not there. */
export const loadMcpClient = () => loadInstalled("MCP", "@agentcore/mcp", () => import("@agentcore/mcp/client"));

/** As `loadMcpClient`, for the node as a server. */
export const loadMcpServer = () => loadInstalled("MCP", "@agentcore/mcp", () => import("@agentcore/mcp/server"));
