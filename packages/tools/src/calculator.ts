import { tool } from "@agentcore/sdk";
import { z } from "zod";
import { calculate } from "./calculate.ts";

/** Exact in decimal numbers, 30 places after the point where there are more. */
export const calculator = () =>
  tool({
    name: "calculator",
    description:
      "Works out an expression exactly: numbers, + - * / % ^, brackets, sqrt abs round floor ceil min max sum avg, pi, e. Use it for every calculation.",
    input: z.object({ expression: z.string().min(1).max(10_000) }),
    readOnly: true,
    execute: ({ expression }) => calculate(expression),
  });
