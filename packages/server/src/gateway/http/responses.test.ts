import { expect, it } from "vitest";
import { SMALLEST_COUNTED } from "./pending-answers.ts";
import { jsonResponse, sizeOfAnswer, textResponse } from "./responses.ts";

const text = (bytes: number, character = "x") => character.repeat(bytes / Buffer.byteLength(character));
const sizeOfText = (body: string | null) => sizeOfAnswer(textResponse(body, "text/plain"));

it("an answer counts as the bytes that go out, whatever its characters are, from the smallest size that counts", () => {
  expect(sizeOfText(text(30_000))).toBe(30_000);
  expect(sizeOfText(text(30_000, "漢"))).toBe(30_000);
  expect(sizeOfAnswer(jsonResponse(text(30_000, "漢")))).toBe(30_002);
  expect(sizeOfText(text(SMALLEST_COUNTED))).toBe(SMALLEST_COUNTED);
  expect(sizeOfText(text(SMALLEST_COUNTED, "é"))).toBe(SMALLEST_COUNTED);
  for (const small of [text(SMALLEST_COUNTED - 1), text(SMALLEST_COUNTED - 1, "漢"), "", null])
    expect(sizeOfText(small)).toBe(0);
});
