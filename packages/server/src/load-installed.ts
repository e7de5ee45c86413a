import { PlatformError } from "@agentcore/contract";

/**
 * Something of a package that is an installation of its own, loaded when it is asked for. Throws NOT_INSTALLED when the package, or what it depends on, is not
 * there. `what` needs it, in words that begin a sentence.
 */
export const loadInstalled = async <Module>(
  what: string,
  packageName: string,
  load: () => Promise<Module>,
): Promise<Module> => {
  try {
    return await load();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw cause;
    throw new PlatformError("NOT_INSTALLED", `${what} needs the package ${packageName} and what it depends on`, {
      cause,
      details: {
        // Not `npm install NAME`: in some other folder, or of another version, it would be of no use.
        nextStep:
          "In a clone of AgentCore run `npm install`; elsewhere install it beside agentcore, in the same version and from the same place.",
      },
    });
  }
};
