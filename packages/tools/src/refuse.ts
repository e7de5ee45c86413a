import { PlatformError } from "@agentcore/sdk";

/** What a tool cannot do with what it was given: told to the model, which may call it better. */
export const refuse = (tool: string, message: string): PlatformError =>
  new PlatformError("INVALID_ARGUMENT", `${tool}: ${message}`);
