import { PlatformError } from "@agentcore/contract";

/** Protocol 0.3 comes with the SDK that translates it, so it is loaded when the first client speaks it. Throws NOT_INSTALLED. */
export const loadLegacy = async () => {
  try {
    return await import("@agentcore/a2a/legacy");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw cause;
    throw new PlatformError(
      "NOT_INSTALLED",
      'A2A 0.3 needs the packages @agentcore/a2a and @a2a-js/sdk: install them, or send "A2A-Version: 1.0"',
      { cause },
    );
  }
};
