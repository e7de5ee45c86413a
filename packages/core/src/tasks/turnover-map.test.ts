import fc from "fast-check";
import { expect, it } from "vitest";
import { TurnoverMap } from "./turnover-map.ts";

it("holds what a Map holds, in its order, whatever is done to it", () => {
  const change = fc.tuple(fc.constantFrom("set", "delete", "clear" as const), fc.nat(5));
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
      const map = new Map<number, object>();
      const turnover = new TurnoverMap<number, object>();
      for (const [name, key] of changes) {
        const value = { name, key };
        if (name === "set") {
          map.delete(key);
          map.set(key, value);
          turnover.set(key, value);
        } else if (name === "delete") {
          map.delete(key);
          turnover.delete(key);
        } else {
          map.clear();
          turnover.clear();
        }
        expect([turnover.size, turnover.values(), turnover.get(key)]).toEqual([
          ...[map.size, [...map.values()], map.get(key)],
        ]);
      }
    }),
  );
});
