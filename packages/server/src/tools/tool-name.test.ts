import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { toolName } from "./tool-name.ts";

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

test("a plain name stands as it is behind the manifest's", () => {
  expect(toolName("github", "create_issue", sha256)).toBe("github__create_issue");
});

test("every name is one that model APIs take, and no two tools have one", () => {
  const manifest = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
  const origin = fc.string({ minLength: 1, maxLength: 128 });
  fc.assert(
    fc.property(manifest, origin, origin, (from, one, other) => {
      const names = [toolName(from, one, sha256), toolName(from, other, sha256)];
      for (const name of names) expect(name).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
      expect(names[0] === names[1]).toBe(one === other);
    }),
  );
});
