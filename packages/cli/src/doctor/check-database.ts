import { PlatformError } from "@agentcore/contract/errors";
import type { Check } from "./check.ts";

/** What nodes would find there: version, rights, schema. The driver comes with the server, and is loaded only now. */
export const checkDatabase = async (url: string): Promise<readonly Check[]> => {
  try {
    const { inspectDatabase } = await import("@agentcore/server");
    return await inspectDatabase(url);
  } catch (thrown) {
    const { message } = PlatformError.from(thrown);
    return [{ check: "database", status: "fail", detail: message }];
  }
};
