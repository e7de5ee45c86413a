import { tool } from "@agentcore/sdk";
import { search } from "jmespath";
import { z } from "zod";
import { refuse } from "./refuse.ts";

const MAX_CHARACTERS = 5_000_000;

/** Reads what is asked for out of JSON, by JMESPath. */
export const jsonQuery = () =>
  tool({
    name: "json_query",
    description: "Reads parts of JSON by a JMESPath query: orders[?total > `100`].{id: id, total: total}",
    input: z.object({
      json: z.string().max(MAX_CHARACTERS).describe("The JSON, as text"),
      query: z.string().min(1).max(2000),
    }),
    readOnly: true,
    execute: ({ json, query }) => {
      let value: unknown;
      try {
        value = JSON.parse(json);
      } catch (error) {
        throw refuse("json_query", `json: ${(error as Error).message}`);
      }
      try {
        return search(value, query) as unknown;
      } catch (error) {
        throw refuse("json_query", `query: ${error instanceof Error ? error.message : String(error)}`);
      }
    },
  });
