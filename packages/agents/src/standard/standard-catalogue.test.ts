import { testAgent } from "@agentcore/testing";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { standardCatalogue } from "./standard-catalogue.ts";

const schemaOf = () => z.unknown();

describe.each([...standardCatalogue.values()])("standard agent $name", (kind) => {
  const model = kind.model === "required" ? "m" : undefined;
  const tools = kind.tools === "required" ? [{ declared: "db" }] : undefined;

  test("has a card: skills with ids, tags and examples, how fast it is, what it does not do", () => {
    const { profile, skills, description } = kind.define(kind.example.options, { model, tools, schemaOf });
    expect(profile).toEqual({ latencyMs: kind.latencyMs, doesNot: kind.doesNot });
    expect(kind.doesNot.length).toBeGreaterThan(1);
    expect(kind.latencyMs.from).toBeLessThan(kind.latencyMs.to);
    for (const { id, tags, examples = [] } of skills)
      expect([id.length > 0, tags.length > 0, examples.length > 0]).toEqual([true, true, true]);
    expect(description).toBe(kind.description);
  });

  test("its schema knows the options of its example, which are JSON", () => {
    const { properties } = kind.options as { properties: object };
    expect(JSON.parse(JSON.stringify(kind.example))).toEqual(kind.example);
    expect(Object.keys(properties)).toEqual(expect.arrayContaining(Object.keys(kind.example.options as object)));
  });

  test("refuses an option that it does not have, and a model or tools that it would not ask", () => {
    expect(() => kind.define({ ...(kind.example.options as object), bogus: 1 }, { model, tools, schemaOf })).toThrow(
      "bogus: is no option",
    );
    if (kind.model === "never")
      expect(() => kind.define(kind.example.options, { model: "m", schemaOf })).toThrow("spec.model: says nothing");
    if (kind.tools === "never")
      expect(() => kind.define(kind.example.options, { model, tools: [{ declared: "x" }], schemaOf })).toThrow(
        "spec.tools: says nothing",
      );
    expect(() => kind.define(3, { model, tools, schemaOf })).toThrow("expected an object");
  });
});

test("the examples that need no model and no tool do what they say", async () => {
  for (const kind of standardCatalogue.values()) {
    // What these are given comes from their door, and their connection, alone.
    const isTold = kind.name === "webhook" || kind.name === "websocket-feed";
    if (kind.model === "required" || kind.tools === "required" || isTold) continue;
    const world = await testAgent(kind.define(kind.example.options, { schemaOf }));
    const run = await world.run(kind.example.input);
    expect([kind.name, run.state]).toEqual([kind.name, "completed"]);
    await world.close();
  }
});
