import { expect, it } from "vitest";
import { withLiveProperties } from "./live-properties.ts";

interface Thermometer {
  readonly place: string;
  readonly degrees: number;
}

const thermometer = withLiveProperties<Thermometer, "degrees">(["degrees"]);

const open = () => {
  const weather = { now: 3 };
  return { weather, outside: thermometer({ place: "outside" }, { degrees: () => weather.now }) };
};

it("reads anew whenever someone looks, each object for itself", () => {
  const { weather, outside } = open();
  const inside = thermometer({ place: "inside" }, { degrees: () => 20 });
  weather.now = 5;
  expect([outside.degrees, inside.degrees, outside.place]).toEqual([5, 20, "outside"]);
});

it("a copy has what was there when it was made", () => {
  const { weather, outside } = open();
  const copy = { ...outside };
  weather.now = 5;
  expect(copy).toEqual({ place: "outside", degrees: 3 });
});

it("may be wrapped, inherited from and replaced", () => {
  const { outside } = open();
  expect(new Proxy(outside, {}).degrees).toBe(3);
  expect((Object.create(outside) as Thermometer).degrees).toBe(3);
  Object.defineProperty(outside, "degrees", { value: 7 });
  expect(outside.degrees).toBe(7);
});
