import { tool } from "@agentcore/sdk";
import { testAgent } from "@agentcore/testing";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { type WebSocketAgentOptions, websocketAgent } from "./websocket.ts";

const operations: WebSocketAgentOptions["operations"] = {
  state: {
    ...{ changes: false, parameters: { entity: {}, id: { type: "number" } } },
    send: { id: "{id}", type: "get_state", entity_id: "{entity}" },
    answer: { match: { at: "id", is: "{id}" } },
    fields: { state: "result.state" },
  },
  shout: { connection: "hall", parameters: { words: {} }, send: "{words}", answer: { count: 0 } },
  prices: { connection: "market", answer: { forMs: 5000 }, fields: { price: { from: "p", as: "number" } } },
};

const start = (answer: () => object) => {
  const asked: unknown[] = [];
  const made = (name: string, readOnly: boolean) =>
    tool({
      ...{ name, readOnly, description: "Talks" },
      input: z.looseObject({}),
      execute: (request) => {
        asked.push([name, request]);
        return answer();
      },
    });
  const tools = [made("home__websocket_read", true), made("home__websocket_send", false)];
  return { asked, world: testAgent(websocketAgent({ operations, tools })) };
};

describe("a standard agent for WebSockets", () => {
  test("says what is declared, with parameters in their places, and gives the answer by rules", async () => {
    let answer: object = { messages: [{ json: { id: 7, result: { state: "on" } } }], ended: "count" };
    const { asked, world: starting } = start(() => answer);
    const world = await starting;
    const run = await world.run({ operation: "state", parameters: { entity: "light.hall", id: 7 } });
    expect(run.output).toEqual({ value: { state: "on" }, ended: "count" });
    answer = { messages: [], ended: "count" };
    expect((await world.run({ operation: "shout", parameters: { words: "hello" } })).output).toEqual({
      ...{ value: null, ended: "count" },
    });
    answer = { messages: [{ json: { p: "1.5" } }, { json: { p: 2 } }], ended: "time" };
    expect((await world.run({ operation: "prices" })).output).toEqual({
      ...{ value: [{ price: 1.5 }, { price: 2 }], ended: "time" },
    });
    expect(asked).toEqual([
      [
        "home__websocket_send",
        { json: { id: 7, type: "get_state", entity_id: "light.hall" }, match: { at: "id", is: 7 } },
      ],
      ["home__websocket_send", { connection: "hall", text: "hello", count: 0 }],
      ["home__websocket_read", { connection: "market", forMs: 5000 }],
    ]);
    await world.close();
  });

  test.each([
    [{ operation: "drop" }, "expected one of state, shout, prices"],
    [{ operation: "state", parameters: { id: 7 } }, "parameters.entity: expected a text"],
    [{ operation: "state", parameters: { entity: "x", id: "7" } }, "parameters.id: expected a number"],
    [{ operation: "prices", parameters: { connection: "hall" } }, "parameters.connection: is none"],
  ])("refuses %j", async (input, why) => {
    const { asked, world } = start(() => ({ messages: [], ended: "count" }));
    expect((await (await world).run(input)).error?.message).toContain(why);
    expect(asked).toEqual([]);
  });

  test("half an answer is none", async () => {
    let answer: object = { messages: [{ json: { p: 1 } }], ended: "full" };
    const world = await start(() => answer).world;
    const failed = async () => (await world.run({ operation: "prices" })).error;
    expect(await failed()).toMatchObject({ code: "UPSTREAM_FAILED", retryable: false });
    answer = { messages: [{ omitted: "3 bytes that are no text" }], ended: "time" };
    expect((await failed())?.message).toContain("3 bytes that are no text");
    await world.close();
  });

  test("what changes something is not tried on another agent, what only asks may be", () => {
    const made = (all: typeof operations) =>
      websocketAgent({ operations: all, tools: [{ declared: "home" }] }).idempotent;
    expect(made(operations)).toBe(false);
    expect(made({ state: operations["state"] as never, prices: operations["prices"] as never })).toBe(true);
  });

  test("what cannot be is told when it is made", () => {
    const made = (operation: object) => () =>
      websocketAgent({ operations: { o: operation as never }, tools: [{ declared: "home" }] });
    expect(made({ send: { a: "{x}" } })).toThrow("{x} is no parameter");
    expect(made({ send: {}, parameters: { x: {} } })).toThrow("x stands neither in what is sent nor in the answer");
    const inAnswer = { send: {}, answer: { match: { at: "id", is: "{x}" } } };
    expect(made({ ...inAnswer, parameters: { x: { required: false } } })).toThrow("x stands in the answer");
    expect(made({ answer: { count: 0 } })).toThrow("neither sends nor reads");
    expect(made({ send: {}, answer: { match: { at: "a b", is: 1 } } })).toThrow("expected a path");
    expect(made({ connection: "A" })).toThrow("the name of a connection");
  });
});
