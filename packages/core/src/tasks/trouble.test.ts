import { PlatformError } from "@agentcore/contract";
import { expect, test } from "vitest";
import { createRecordingLogger } from "../testing/index.ts";
import { Trouble } from "./trouble.ts";

test("what fails again and again is said when it begins, when its reason changes and when it is over", () => {
  const logger = createRecordingLogger();
  const trouble = new Trouble(logger, "cannot claim");
  const down = new PlatformError("STORE_UNAVAILABLE", "nobody answers");
  trouble.end();
  for (let tries = 0; tries < 3; tries++) trouble.begin(down);
  trouble.begin(new PlatformError("STORE_UNAVAILABLE", "the disk is full"));
  expect(trouble.current?.message).toBe("the disk is full");
  trouble.end();
  trouble.end();
  expect(trouble.current).toBeNull();
  trouble.begin(down);
  expect(logger.records.map(({ level, message }) => [level, message])).toEqual([
    ["error", "cannot claim: nobody answers"],
    ["error", "cannot claim: the disk is full"],
    ["warn", "cannot claim: this is over"],
    ["error", "cannot claim: nobody answers"],
  ]);
});
