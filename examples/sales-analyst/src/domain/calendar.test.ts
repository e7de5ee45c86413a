import { expect, test } from "vitest";
import { addDays, addMonths, isDay, monthsFrom, unitAround, weekOf } from "./calendar.ts";

test("days and months are counted over ends of months, leap years and years", () => {
  expect(addDays("2024-02-28", 1)).toBe("2024-02-29");
  expect(addDays("2025-01-01", -1)).toBe("2024-12-31");
  expect(addMonths("2024-03-31", -1)).toBe("2024-02-29");
  expect(addMonths("2024-11-30", 3)).toBe("2025-02-28");
  expect(addMonths("2024-01-15", -13)).toBe("2022-12-15");
});

test("a day that does not exist is no day", () => {
  expect(["2024-02-29", "2025-02-29", "2024-13-01", "2024-04-31", "2024-4-1"].map(isDay)).toEqual([
    true,
    false,
    false,
    false,
    false,
  ]);
});

test("units of the calendar are whole", () => {
  expect(monthsFrom(2024, 10, 3)).toEqual({ from: "2024-10-01", to: "2024-12-31" });
  expect(weekOf("2025-06-29")).toEqual({ from: "2025-06-23", to: "2025-06-29" });
  expect(unitAround("2025-05-14", "quarter")).toEqual({ from: "2025-04-01", to: "2025-06-30" });
});
