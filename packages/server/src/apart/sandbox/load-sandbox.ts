import { PlatformError } from "@agentcore/contract";

/** Loaded with the first agent that wants it: it is an installation of its own. Throws NOT_INSTALLED when it is not there. */
export const loadSandbox = async () => {
  try {
    return await import("@agentcore/sandbox");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw cause;
    throw new PlatformError("NOT_INSTALLED", "isolation: sandbox needs the package @agentcore/sandbox", {
      cause,
      details: {
        nextStep:
          "Install it beside agentcore, in the same version and from the same place (docs/sandbox.md); in a clone of AgentCore run `npm install`.",
      },
    });
  }
};
