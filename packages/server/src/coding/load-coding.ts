import { PlatformError } from "@agentcore/contract";

/** Loaded with the first agent of `spec.coding`. Throws NOT_INSTALLED when the package is not there. */
export const loadCoding = async () => {
  try {
    return await import("@agentcore/coding");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw cause;
    throw new PlatformError("NOT_INSTALLED", "coding agents need the package @agentcore/coding", {
      cause,
      details: {
        nextStep:
          "In a clone of AgentCore run `npm install`; elsewhere install it beside agentcore, in the same version and from the same place.",
      },
    });
  }
};
