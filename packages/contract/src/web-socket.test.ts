import { expect, test } from "vitest";
import { matchesMessage, secretsOfWebSocket, WebSocketAddress, withSecrets } from "./web-socket.ts";

const read = (more: object) => WebSocketAddress.safeParse({ url: "wss://home.example/api", ...more });
const whyOf = (more: object) =>
  read(more)
    .error?.issues.map(({ message }) => message)
    .join("; ");

test("secrets are named by their variables, in headers and wherever they stand in what is said first", () => {
  const { data } = read({
    headers: { authorization: { env: "HOME_TOKEN" }, lang: "no" },
    opening: [
      { expect: { at: "type", is: "auth_required" } },
      { send: { type: "auth", by: [{ access_token: { env: "HOME_SECRET" } }] }, expect: { at: "type", is: "auth_ok" } },
      { send: "plain text" },
    ],
  });
  if (data === undefined) throw new Error("expected it to be right");
  expect(secretsOfWebSocket(data)).toEqual([
    ["headers.authorization.env", "HOME_TOKEN"],
    ["opening[1].send.by.0.access_token.env", "HOME_SECRET"],
  ]);
  expect(withSecrets(data.opening?.[1]?.send, (variable) => `value of ${variable}`)).toEqual({
    ...{ type: "auth", by: [{ access_token: "value of HOME_SECRET" }] },
  });
});

test.each([
  [{ url: "https://home.example" }, /expected a ws/],
  [{ url: "wss://user:pw@home.example" }, /no user/],
  [{ url: "wss://home.example#x" }, /fragment/],
  [{ headers: { "Sec-WebSocket-Extensions": "permessage-deflate" } }, /belongs to the handshake/],
  [{ headers: { upgrade: "h2c" } }, /belongs to the connection/],
  [{ headers: { authorization: "Bearer x" } }, /never stand in a manifest/],
  [{ protocols: ["a b"] }, /subprotocol/],
  [{ protocols: ["a", "a"] }, /each once/],
  [{ opening: [{}] }, /expected send, expect/],
  [{ opening: [{ expect: { at: "a" } }] }, /./],
])("an address that could do harm, or nothing, is refused: %j", (more, why) => {
  expect(whyOf(more)).toMatch(why);
});

test("a message matches where the very value stands there", () => {
  expect(matchesMessage({ id: 1 }, { at: "id", is: 1 })).toBe(true);
  expect(matchesMessage({ id: "1" }, { at: "id", is: 1 })).toBe(false);
  expect(matchesMessage(undefined, { at: "id", is: 1 })).toBe(false);
  expect(matchesMessage({ id: null }, { at: "id", is: null })).toBe(true);
  expect(matchesMessage({}, { at: "id", is: null })).toBe(false);
});
