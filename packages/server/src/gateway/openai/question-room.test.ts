import { expect, test } from "vitest";
import { QuestionRoom } from "./question-room.ts";

const ann = { tenantId: "a", caller: "ann" };

test("questions are bounded by caller and in all, and one by itself is always taken", () => {
  const room = new QuestionRoom({ max: 10, maxPerCaller: 6 });
  const release = room.hold(ann, 50);
  expect(() => room.hold(ann, 1)).toThrow("as much as this node holds");
  release();
  release();
  const small = room.hold(ann, 5);
  expect(() => room.hold(ann, 2)).toThrow();
  // Of the same name in another tenant: somebody else.
  room.hold({ tenantId: "b", caller: "ann" }, 5);
  expect(() => room.hold({ tenantId: "c", caller: "cem" }, 1)).toThrow();
  small();
  room.hold({ tenantId: "c", caller: "cem" }, 5);
});
