/** The tools of this package, for Tool manifests. */
import { type ToolLibrary, toolLibrary } from "@agentcore/sdk";
import { z } from "zod";
import { calculator } from "./calculator.ts";
import { csvQuery } from "./csv.ts";
import { dateTools, isTimeZone } from "./dates.ts";
import { jsonQuery } from "./json.ts";

const NoOptions = z.strictObject({});

export const calculatorLibrary: ToolLibrary<z.infer<typeof NoOptions>> = toolLibrary({
  name: "calculator",
  description: "Works out expressions exactly, in decimal numbers",
  options: NoOptions,
  open: () => [calculator()],
});

export const csvLibrary: ToolLibrary<z.infer<typeof NoOptions>> = toolLibrary({
  name: "csv",
  description: "Answers questions on tables in CSV",
  options: NoOptions,
  open: () => [csvQuery()],
});

const DateOptions = z.strictObject({
  timeZone: z
    .string()
    .max(100)
    .refine(isTimeZone, { error: "expected a time zone of IANA, as in Europe/Oslo" })
    .optional()
    .describe("Of dates and times that name none, by IANA; UTC by default"),
});

export const datesLibrary: ToolLibrary<z.infer<typeof DateOptions>> = toolLibrary({
  name: "dates",
  description: "What day it is, and how days are counted",
  options: DateOptions,
  open: ({ timeZone }) => dateTools(timeZone === undefined ? {} : { timeZone }),
});

export const jsonLibrary: ToolLibrary<z.infer<typeof NoOptions>> = toolLibrary({
  name: "json",
  description: "Reads parts of JSON by JMESPath",
  options: NoOptions,
  open: () => [jsonQuery()],
});
