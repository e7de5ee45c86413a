import { expect, it } from "vitest";
import { withLiveProperties } from "./live-properties.ts";

interface Thermometer {
  readonly place: string;
  readonly degrees: number;
}

const thermometer = withLiveProperties<Thermometer, "degrees", { now: number }>({ degrees: ({ now }) => now });

it("reads anew whenever someone looks, each object from its own source", () => {
  const weather = { now: 3 };
  const outside = thermometer(weather, { place: "outside" });
  const inside = thermometer({ now: 20 }, { place: "inside" });
  weather.now = 5;
  expect([outside.degrees, inside.degrees, outside.place]).toEqual([5, 20, "outside"]);
});

it("a copy has what was there when it was made", () => {
  const weather = { now: 3 };
  const copy = { ...thermometer(weather, { place: "outside" }) };
  weather.now = 5;
  expect(copy).toEqual({ place: "outside", degrees: 3 });
});
