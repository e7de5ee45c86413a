import { PlatformError } from "@agentcore/contract/errors";
import { nextStepOf } from "../failure.ts";
import type { Check } from "./check.ts";

/** What nodes would find there: version, rights, schema. The server and the driver are loaded only now. */
export const checkDatabase = async (url: string): Promise<readonly Check[]> => {
  try {
    const { inspectDatabase } = await import("@agentcore/server");
    return await inspectDatabase(url);
  } catch (thrown) {
    const error = PlatformError.from(thrown);
    const nextStep = nextStepOf(error);
    return [
      { check: "database", status: "fail", detail: error.message, ...(nextStep === undefined ? {} : { nextStep }) },
    ];
  }
};
