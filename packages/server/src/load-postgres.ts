import { PlatformError } from "@agentcore/contract";

/** Loaded only when it is asked for: the driver is an installation of its own. Throws NOT_INSTALLED when it is not there. */
export const loadPostgres = async () => {
  try {
    return await import("@agentcore/postgres");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw cause;
    throw new PlatformError(
      "NOT_INSTALLED",
      "a database needs the package @agentcore/postgres and what it depends on",
      {
        cause,
        details: {
          // Not `npm install @agentcore/postgres`: in some other folder, or of another version, it would be of no use.
          nextStep:
            "In a clone of AgentCore run `npm install`; elsewhere install it beside agentcore, in the same version and from the same place.",
        },
      },
    );
  }
};
