import { expect, test } from "vitest";
import { MemberPath, memberAt } from "./member-path.ts";

test("a path leads through objects and lists to what stands there, and to nothing that does not", () => {
  const value = { data: { id: 7, list: [{ a: null }] } };
  expect(memberAt(value, "data.id")).toBe(7);
  expect(memberAt(value, "data.list.0.a")).toBeNull();
  expect(memberAt([1, "x"], "1")).toBe("x");
  for (const path of ["data.none", "data.id.more", "toString", "data.list.length.x", "constructor.name", "__proto__"])
    expect(memberAt(value, path)).toBeUndefined();
  expect(memberAt("text", "length")).toBeUndefined();
  expect(memberAt(undefined, "a")).toBeUndefined();
});

test.each(["", ".", "a.", ".a", "a b", "a..b", "a.".repeat(11).slice(0, -1)])("%j is no path", (path) => {
  expect(MemberPath.safeParse(path).success).toBe(false);
});
