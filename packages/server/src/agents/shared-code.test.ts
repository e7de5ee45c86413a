import { gzipSync } from "node:zlib";
import { createMemoryBlobStore } from "@agentcore/core/inprocess";
import { ManualClock } from "@agentcore/core/testing";
import { expect, test } from "vitest";
import { hashOfCode } from "./read-code.ts";
import { CODE_NAMESPACE, fetchCode, packCode, shareCode } from "./shared-code.ts";

const FILES = new Map([["agent.ts", Buffer.from("export const a = 1;")]]);
const SNAPSHOT = { hash: hashOfCode(FILES), root: "/x", entry: "agent.ts" };
const SCOPE = { tenantId: "acme", namespace: CODE_NAMESPACE };

test("code that somebody changed in the store does not run, and is put right when it is shared again", async () => {
  const changes = {
    "other files": packCode(new Map([["agent.ts", Buffer.from("steal();")]])),
    "no JSON": gzipSync("steal();"),
    "of another shape": gzipSync('{"agent.ts":1}'),
    "no gzip": Buffer.from("steal();"),
    "more than any code": gzipSync(Buffer.alloc(65 * 1024 * 1024)),
    nothing: Buffer.alloc(0),
  };
  for (const [name, bytes] of Object.entries(changes)) {
    const blobs = createMemoryBlobStore({ clock: new ManualClock({ now: 1 }) });
    await blobs.put(SCOPE, SNAPSHOT.hash, bytes);
    const failure: unknown = await fetchCode(blobs, "acme", SNAPSHOT).catch((error: unknown) => error);
    expect([name, failure]).toMatchObject([name, { code: "PAYLOAD_UNREADABLE" }]);
    await shareCode(blobs, "acme", SNAPSHOT, FILES);
    expect(await fetchCode(blobs, "acme", SNAPSHOT)).toEqual(FILES);
  }
});

test("code that nobody has shared is none", async () => {
  const blobs = createMemoryBlobStore({ clock: new ManualClock({ now: 1 }) });
  expect(await fetchCode(blobs, "acme", SNAPSHOT)).toBeNull();
});
