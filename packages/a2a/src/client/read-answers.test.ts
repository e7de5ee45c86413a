import { PlatformError } from "@agentcore/contract";
import fc from "fast-check";
import { expect, it } from "vitest";
import { readFrame, readTask } from "./read-answers.ts";
import { RESUMABLE_STREAMS } from "./resumable-streams.ts";

const status = (more: object) => ({
  statusUpdate: { taskId: "t", contextId: "c", status: { state: "TASK_STATE_WORKING", ...more } },
});

it("makes good what agents in the field say loosely", () => {
  expect(readFrame(status({ timestamp: "2026-01-02T03:04:05.123456+02:00" }))).toMatchObject({
    response: { statusUpdate: { status: { timestamp: "2026-01-02T01:04:05.123Z" } } },
  });
  expect(
    readFrame(status({ timestamp: "yesterday", message: { messageId: "m", role: "ROLE_AGENT", parts: [] } })),
  ).toEqual({
    response: { statusUpdate: { taskId: "t", contextId: "c", status: { state: "TASK_STATE_WORKING" } } },
  });
  const update = { taskId: "t", artifact: { artifactId: "a", parts: [{ mediaType: "application/json" }] } };
  expect(readFrame({ artifactUpdate: update })).toMatchObject({
    response: { artifactUpdate: { contextId: "t", artifact: { parts: [{ data: null }] } } },
  });
  expect(
    readTask({ id: "t", status: { state: "TASK_STATE_COMPLETED" }, artifacts: [{ artifactId: "a", parts: [] }] }),
  ).toEqual({
    ...{ id: "t", status: { state: "TASK_STATE_COMPLETED" }, artifacts: [] },
  });
});

it("passes by what says nothing, as an empty last chunk does", () => {
  expect(
    readFrame({ artifactUpdate: { taskId: "t", artifact: { artifactId: "a", parts: [] }, lastChunk: true } }),
  ).toBeNull();
  expect(readFrame({})).toBeNull();
});

it.each([
  [7, 7],
  [0, undefined],
  [-1, undefined],
  [1.5, undefined],
  ["7", undefined],
])("reads the number %j of an event as %j", (seq, read) => {
  const { statusUpdate } = status({});
  const frame = readFrame({ statusUpdate: { ...statusUpdate, metadata: { [RESUMABLE_STREAMS]: { seq } } } });
  expect(frame?.seq).toBe(read);
});

it("takes nothing that is not in our shapes, whatever comes", () => {
  const member = fc.constantFrom(
    "task",
    "message",
    "statusUpdate",
    "artifactUpdate",
    "status",
    "artifact",
    "parts",
    "id",
  );
  const json = fc.letrec((tie) => ({
    node: fc.oneof(
      { depthSize: "small" },
      fc.jsonValue(),
      fc.array(tie("node"), { maxLength: 3 }),
      fc.dictionary(member, tie("node"), { maxKeys: 4 }),
    ),
  })).node;
  fc.assert(
    fc.property(json, (value) => {
      try {
        readFrame(value);
      } catch (error) {
        expect(PlatformError.is(error) && error.code).toBe("INVALID_AGENT_RESPONSE");
      }
    }),
    { numRuns: 1000 },
  );
});
