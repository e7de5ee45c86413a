import fc from "fast-check";
import { expect, test } from "vitest";
import { readLines } from "./read-lines.ts";
import { readText } from "./read-text.ts";

test("texts of old Windows, UTF-16 and UTF-8 are read; what is no text is refused", () => {
  expect(readText(Buffer.from("caf\xe9\r\nx\ry", "latin1"))).toBe("café\nx\ny");
  expect(readText(Buffer.from("\ufeffcafé", "utf16le"))).toBe("café");
  expect(readText(Buffer.from("\ufeffcafé"))).toBe("café");
  expect(() => readText(Buffer.from([1, 0, 2]))).toThrow("it is no text");
});

test("whoever reads on where an answer ended has read all of it", () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ maxLength: 30 })),
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 20 }),
      (parts, lines, maxCharacters) => {
        const text = parts.join("\n");
        let read = "";
        let next: { readonly fromLine: number; readonly fromCharacter: number } | undefined = {
          fromLine: 1,
          fromCharacter: 0,
        };
        while (next !== undefined) {
          const part: ReturnType<typeof readLines> = readLines({ text }, { ...next, lines, maxCharacters });
          expect(part.text.length).toBeLessThanOrEqual(maxCharacters);
          read += part.text;
          if (part.next?.fromCharacter === 0) read += "\n";
          next = part.next;
        }
        expect(read).toBe(text.endsWith("\n") ? text.slice(0, -1) : text);
      },
    ),
  );
});

test("a line is never cut within a character", () => {
  const text = `${"x".repeat(9)}😀${"y".repeat(9)}`;
  const range = { fromLine: 1, lines: 1, maxCharacters: 10 };
  const first = readLines({ text }, { ...range, fromCharacter: 0 });
  expect(first).toMatchObject({ text: "x".repeat(9), next: { fromLine: 1, fromCharacter: 9 } });
  expect(readLines({ text }, { ...range, fromCharacter: 9 }).text).toBe("😀yyyyyyyy");
});
