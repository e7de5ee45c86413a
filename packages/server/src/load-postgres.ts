import { PlatformError } from "@agentcore/contract";

/** Loaded only when it is asked for: the driver is an installation of its own. Throws CONFIG_INVALID when it is not there. */
export const loadPostgres = async () => {
  try {
    return await import("@agentcore/postgres");
  } catch (cause) {
    throw new PlatformError("CONFIG_INVALID", "a database needs @agentcore/postgres; npm install @agentcore/postgres", {
      cause,
    });
  }
};
