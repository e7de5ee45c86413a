import { expect, test } from "vitest";
import { parsePublicUrl } from "./parse-public-url.ts";

test.each([
  ["https://agents.example.com", "https://agents.example.com"],
  ["https://agents.example.com/", "https://agents.example.com"],
  ["https://Agents.Example.com:443/base/", "https://agents.example.com/base"],
  ["http://10.0.0.7:4700", "http://10.0.0.7:4700"],
])("%s names the node as %s", (text, expected) => {
  expect(parsePublicUrl(text, true)).toBe(expected);
});

test.each([
  "agents.example.com",
  "ftp://agents.example.com",
  "https://a:b@x.test",
  "https://x.test?a",
  "https://x.test#",
  "",
])("%j is refused", (text) => {
  expect(() => parsePublicUrl(text, true)).toThrow("the public URL: expected");
});

test("without keys it stays on this machine", () => {
  expect(() => parsePublicUrl("https://agents.example.com", false)).toThrow("needs API keys");
  expect(parsePublicUrl("http://desk.localhost:8080", false)).toBe("http://desk.localhost:8080");
});
