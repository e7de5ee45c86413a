import fc from "fast-check";
import { expect, test } from "vitest";
import { define, EngineWorld, outputOf } from "../../test/engine-world.ts";
import { Paths } from "./paths.ts";

// Few, and such as look like the paths of others.
const name = fc.constantFrom("pay", "pay#1", "pay#2", "pay#2#1", "pay#x", "#2", "pay[a]", "pay[a]#2", "2");
const key = fc.option(fc.constantFrom("a", "a#2", "#1", "a]#2"), { nil: undefined });

test("no two calls share a path, whatever their names end in, and a call that has ended is in nobody's way", () => {
  const call = fc.record({ kind: fc.constantFrom("step", "artifact"), name, key });
  fc.assert(
    fc.property(fc.array(call, { maxLength: 40 }), (calls) => {
      const paths = new Paths();
      const given = calls.map((each) => {
        if (each.kind === "artifact") return paths.mark(each.kind, each.name);
        const path = paths.enter(each.kind, each.name, each.key);
        paths.leave(path);
        return path;
      });
      expect(new Set(given).size).toBe(given.length);
    }),
  );
});

test("ordinary names have the paths that they always had", () => {
  const paths = new Paths();
  const enter = (...call: [string, string?]): string => {
    const path = paths.enter("step", ...call);
    paths.leave(path);
    return path;
  };
  expect([enter("add"), enter("add"), enter("add", "7"), enter("issue #7: fix"), enter("v#2a")]).toEqual([
    "step:add",
    "step:add#2",
    "step:add[7]",
    "step:issue #7: fix",
    "step:v#2a",
  ]);
  expect([paths.mark("artifact", "a.json"), paths.mark("artifact", "a.json")]).toEqual([
    "artifact:a.json",
    "artifact:a.json#2",
  ]);
});

test("two calls of one name at once are refused, also when the name ends in a number", () => {
  const paths = new Paths();
  const path = paths.enter("step", "pay#2");
  expect(() => paths.enter("step", "pay#2")).toThrow(expect.objectContaining({ code: "STEP_KEY_COLLISION" }));
  paths.leave(path);
  expect(paths.enter("step", "pay#2")).toBe("step:pay#2#2");
});

test("a step that is named like the second of another name runs, with an idempotency key of its own", async () => {
  const world = new EngineWorld([
    define("payer", async (_, ctx) => {
      const pay = (call: string) => ctx.step(call, ({ idempotencyKey }) => idempotencyKey);
      const keys = [await pay("pay"), await pay("pay"), await pay("pay#2"), await pay("pay#2")];
      await ctx.artifact({ name: "slip", data: 1 });
      await ctx.artifact({ name: "slip", data: 2 });
      await ctx.artifact({ name: "slip#2", data: 3 });
      await ctx.sleep(60_000);
      return new Set(keys).size;
    }),
  ]);
  const taskId = await world.submit("payer");
  await world.advance(60_000);
  expect(outputOf(await world.last(taskId))).toBe(4);
  expect((await world.types(taskId)).filter((type) => type === "artifact.appended")).toHaveLength(3);
});
