import { expect, test } from "vitest";
import { secretBlanker } from "./secret-blanker.ts";

const PEM = `-----BEGIN "KEY"-----\nMIIEvQIBADANBgkqhkiG\n-----END-----`;

test("secrets are blanked as they are, as JSON writes them, and by each line that tells", () => {
  const blank = secretBlanker(["abcdefgh", "abcdefgh-long", PEM]);
  expect(blank(`abcdefgh and abcdefgh-long and ${PEM}.`)).toBe("[secret] and [secret] and [secret].");
  expect(blank(JSON.stringify({ key: PEM }))).toBe('{"key":"[secret]"}');
  expect(blank("+MIIEvQIBADANBgkqhkiG\n")).toBe("+[secret]\n");
  expect(blank("-----END-----")).toBe("-----END-----");
});
