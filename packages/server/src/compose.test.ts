import { PlatformError } from "@agentcore/contract";
import { ManualClock } from "@agentcore/core/testing";
import { expect, test } from "vitest";
import { folder } from "../test/remote/near-node.ts";
import { compose } from "./compose.ts";
import { createSystemSenses } from "./system-senses.ts";

test("a node that cannot read its manifests leaves nothing open: neither a timer nor its store", async () => {
  const clock = new ManualClock();
  const options = {
    ...{ dataDirectory: await folder(), node: "n", env: {} },
    senses: { ...createSystemSenses({ log: () => {} }), clock },
  };
  const unreadable = new PlatformError("PAYLOAD_UNREADABLE", "no key opens it");
  const failing = compose({
    ...options,
    wrap: (name, port) =>
      name !== "keyValue" ? port : new Proxy(port, { get: () => () => Promise.reject(unreadable) }),
  });
  await expect(failing).rejects.toBe(unreadable);
  expect(clock.nextTimerAt()).toBe(null);
  // It would be locked.
  const parts = await compose(options);
  await parts.close(0);
  expect(clock.nextTimerAt()).toBe(null);
});
