import { expect, test } from "vitest";
import { readBytes } from "./read-bytes.ts";

const request = (body: ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer>): Request =>
  new Request("http://localhost/", { method: "POST", body, duplex: "half" } as RequestInit);
const bytes = (...values: readonly number[]) => new Uint8Array(values);

test("gives every byte as it came, also those that are no text", async () => {
  expect([...(await readBytes(request(bytes(0xef, 0xbb, 0xbf, 0xff, 0)), 5, 1_000))]).toEqual([
    0xef, 0xbb, 0xbf, 0xff, 0,
  ]);
  await expect(readBytes(request(bytes(1, 2, 3)), 2, 1_000)).rejects.toMatchObject({ code: "TOO_LARGE" });
});

test("a body that does not end in time is left, and its sender told to stop", async () => {
  let isLeft = false;
  const slow = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(bytes(1)),
    cancel: () => {
      isLeft = true;
    },
  });
  await expect(readBytes(request(slow), 100, 10)).rejects.toMatchObject({ code: "INVALID_REQUEST" });
  expect(isLeft).toBe(true);
});
