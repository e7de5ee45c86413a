import { tool } from "@agentcore/sdk";
import { testAgent } from "@agentcore/testing";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { filledValue } from "../filled-value.ts";
import { filled } from "./address.ts";
import { type HttpAgentOptions, httpAgent } from "./http.ts";

const operations: HttpAgentOptions["operations"] = {
  order: { url: "https://shop.example/orders/{id}?day={day}", fields: { total: { from: "amount", as: "number" } } },
  stock: { url: "https://shop.example/stock", xml: { lists: ["stock.item"] } },
  cancel: {
    ...{ method: "POST", url: "https://shop.example/orders/{id}/cancel" },
    ...{
      body: { reason: "{reason}", note: "{note}", fixed: 1 },
      parameters: { reason: {}, note: { required: false } },
    },
  },
};

const start = (answer: (request: { readonly url: string }) => object) => {
  const asked: unknown[] = [];
  const made = (name: string, readOnly: boolean) =>
    tool({
      ...{ name, readOnly, description: "Asks" },
      input: z.looseObject({ url: z.string() }),
      execute: (request) => {
        asked.push(request);
        return answer(request);
      },
    });
  const agent = httpAgent({ operations, tools: [made("web__http_get", true), made("web__http_send", false)] });
  return { asked, world: testAgent(agent) };
};

describe("a standard agent for HTTP", () => {
  test("asks declared addresses alone, with parameters in their places, and gives the answer by rules", async () => {
    const { asked, world: starting } = start(({ url }) =>
      url.endsWith("stock")
        ? { status: 200, text: "<stock><item>lamp</item></stock>" }
        : { status: 200, json: { amount: "12.5" } },
    );
    const world = await starting;
    const run = await world.run({ operation: "order", parameters: { id: "A/7?x=1", day: "2026-01-01" } });
    expect(run.output).toEqual({ status: 200, value: { total: 12.5 } });
    expect((await world.run({ operation: "stock" })).output).toEqual({
      status: 200,
      value: { stock: { item: ["lamp"] } },
    });
    await world.run({ operation: "cancel", parameters: { id: 7, reason: "late" } });
    expect(asked).toEqual([
      { url: "https://shop.example/orders/A%2F7%3Fx%3D1?day=2026-01-01" },
      { url: "https://shop.example/stock" },
      { url: "https://shop.example/orders/7/cancel", method: "POST", json: { reason: "late", fixed: 1 } },
    ]);
    await world.close();
  });

  test.each([
    [{ operation: "drop" }, "expected one of order, stock, cancel"],
    [{ operation: "order", parameters: { id: "1" } }, "parameters.day: expected a text"],
    [{ operation: "order", parameters: { id: "..", day: "x" } }, 'id: ".." is no piece of an address'],
    [{ operation: "stock", parameters: { url: "https://evil.example" } }, "parameters.url: is none"],
  ])("refuses %j", async (input, why) => {
    const { asked, world } = start(() => ({ status: 200, json: {} }));
    expect((await (await world).run(input)).error?.message).toContain(why);
    expect(asked).toEqual([]);
  });

  test("a status that is not expected, and half an answer, fail it; a passing one may be tried again", async () => {
    let answer: object = { status: 503 };
    const world = await start(() => answer).world;
    const failed = await world.run({ operation: "stock" });
    expect(failed.error).toMatchObject({ code: "UPSTREAM_FAILED", retryable: true });
    answer = { status: 404 };
    expect((await world.run({ operation: "stock" })).error).toMatchObject({
      code: "UPSTREAM_FAILED",
      retryable: false,
    });
    answer = { status: 200, text: "<stock>", isCut: true };
    expect((await world.run({ operation: "stock" })).error?.message).toContain("not there as a whole");
    await world.close();
  });

  test("what cannot be is told when it is made", () => {
    const made = (operation: object) => () =>
      httpAgent({ operations: { o: operation as never }, tools: [{ declared: "web" }] });
    expect(made({ url: "https://{host}/x" })).toThrow("operations.o.url: expected http:// or https:// with a host");
    expect(made({ url: "https://a.example@{x}" })).toThrow("operations.o.url");
    expect(made({ url: "https://a.example/{x" })).toThrow("expected places as {name}");
    expect(made({ url: "https://a.example", body: {} })).toThrow("says nothing beside GET");
    expect(made({ method: "POST", url: "https://a.example", body: { why: "{raeson}" } })).toThrow(
      "{raeson} is no parameter",
    );
    expect(made({ url: "https://a.example", parameters: { x: {} } })).toThrow("x stands neither in the address nor");
    expect(made({ url: "https://a.example/{x}", parameters: { x: { type: "json" } } })).toThrow(
      "x stands in the address",
    );
  });
});

test("what is put in is one piece of an address, and of a body a value", () => {
  expect(filled("https://a.example/{x}", { x: "a..b/c#d%" })).toBe("https://a.example/a..b%2Fc%23d%25");
  expect(filled("https://a.example/b?in={x}", { x: "../c" })).toBe("https://a.example/b?in=..%2Fc");
  // Many servers take %2F for a slash, and go up.
  for (const x of ["../admin", "a/../../admin", "..\\admin", "a/.", "\ud800"])
    expect(() => filled("https://a.example/{x}/b", { x })).toThrow("is no piece of an address");
  expect(filledValue({ a: "{toString}" }, {})).toEqual({});
  expect(filledValue({ a: "{x}", b: ["{y}", "{z}", "x {x}"] }, { x: [1], y: null })).toEqual({
    a: [1],
    b: [null, "x {x}"],
  });
});
