import { type Credential, PlatformError } from "@agentcore/contract";
import { expect, test } from "vitest";
import { assertNoSecret, withoutSecrets } from "./secrets.ts";

const VALUE = "p@ss!word(42)~x'* %2f&ö";
const read: readonly Credential[] = [{ type: "other", value: VALUE }];
const strictly = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*~]/g, (character) => `%${character.charCodeAt(0).toString(16)}`);

test.each([
  ["as it is", VALUE],
  ["in a form", new URLSearchParams({ value: VALUE }).toString().slice("value=".length)],
  ["in a component of a URI", encodeURIComponent(VALUE)],
  ["with all escaped that may be", strictly(VALUE)],
  ["in small escapes", strictly(VALUE).toLowerCase()],
  ["with each byte escaped", Buffer.from(VALUE).toString("hex").replace(/../g, "%$&")],
  ["in a URL's query", new URL(`http://a/?${VALUE.replace("%", "%25").replace("&", "%26")}`).search.slice(1)],
])("a secret %s is found in a result, and blanked in a message", (_, written) => {
  expect(() => assertNoSecret({ query: [`password=${written}&more=%20`] }, "it", read)).toThrow(
    expect.objectContaining({ code: "RESULT_NOT_SERIALISABLE" }),
  );
  const error = new PlatformError("AGENT_FAILED", `%7E password=${written}&more=%20, and ${written}`);
  expect(withoutSecrets(error, read).message).toBe("%7E password=[credential]&more=%20, and [credential]");
});

test("what only looks alike stays", () => {
  const error = new PlatformError("AGENT_FAILED", `100%25 of ${encodeURIComponent(VALUE.slice(1))}`);
  expect(withoutSecrets(error, read)).toBe(error);
  assertNoSecret({ text: error.message }, "it", read);
});

test("a secret that begins like an escape is found behind a percent sign", () => {
  const value = "21-and-more";
  const error = new PlatformError("AGENT_FAILED", `%${value}`);
  expect(withoutSecrets(error, [{ type: "other", value }]).message).toBe("%[credential]");
});

test("a message with a secret in each of its many lines does not hold up the node", () => {
  const lines = 60_000;
  const error = new PlatformError("AGENT_FAILED", `${strictly(VALUE)}\n`.repeat(lines));
  expect(withoutSecrets(error, read).message).toBe("[credential]\n".repeat(lines));
});
