import { PlatformError } from "@agentcore/contract";

/** Loaded only when it is asked for: the protocol's SDK is an installation of its own. Throws NOT_INSTALLED when it is not there. */
export const loadMcpClient = async () => installed(() => import("@agentcore/mcp/client"));

/** As `loadMcpClient`, for the node as a server. */
export const loadMcpServer = async () => installed(() => import("@agentcore/mcp/server"));

const installed = async <Module>(load: () => Promise<Module>): Promise<Module> => {
  try {
    return await load();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw cause;
    throw new PlatformError("NOT_INSTALLED", "MCP needs the package @agentcore/mcp and what it depends on", {
      cause,
      details: {
        nextStep:
          "In a clone of AgentCore run `npm install`; elsewhere install it beside agentcore, in the same version and from the same place.",
      },
    });
  }
};
