import { type AgentDefinition, expression, template } from "@agentcore/sdk";
import { z } from "zod";
import {
  type AnyPath,
  beginPattern,
  checkOptions,
  IN_CODE,
  type PatternOptions,
  type Performer,
  perform,
  type RoleSchemas,
} from "../role.ts";

export interface MapReduceOptions extends PatternOptions {
  /** For each item. */
  readonly map: Performer;
  /** Gets `{ input, results }`. @default none: the output is the list of results */
  readonly reduce?: Performer | undefined;
  /** The list, in CEL. @default the input, when it is a list, else its member `items` */
  readonly over?: string | undefined;
  /** Items that are taken at most. 1 to 10,000. @default 1000 */
  readonly maxItems?: number | undefined;
  /** At once. 1 to 100. @default 10 */
  readonly concurrency?: number | undefined;
  /** ignore: null stands in the place of what failed. @default "fail" */
  readonly onFailure?: "fail" | "ignore" | undefined;
}

export const mapReduceShape = ({ performer }: RoleSchemas) => ({
  map: performer,
  reduce: performer.optional(),
  over: z.string().min(1).max(2000).optional(),
  maxItems: z.int().min(1).max(10_000).optional(),
  concurrency: z.int().min(1).max(100).optional(),
  onFailure: z.enum(["fail", "ignore"], { error: "expected fail or ignore" }).optional(),
});

/** The same for each item of a list, then one result of all. */
export const mapReduce = (options: MapReduceOptions): AgentDefinition => {
  const {
    map,
    reduce,
    over = ITEMS,
    maxItems = 1000,
    concurrency,
    onFailure,
  } = checkOptions("mapReduce", mapReduceShape(IN_CODE), options) as MapReduceOptions;
  const mapped = beginPattern("map-reduce", options)
    .decide("check", [
      {
        when: `size(${over}) > ${maxItems}`,
        do: (path) => path.fail("tooMany", `\${size(${over})} items, ${maxItems} are allowed`),
      },
    ])
    .map("results", expression<readonly unknown[]>(over), (path: AnyPath) => perform(path, "map", map), {
      ...(concurrency === undefined ? {} : { concurrency }),
      ...(onFailure === undefined ? {} : { onFailure }),
    }) as AnyPath;
  if (reduce === undefined) return mapped.build();
  return perform(mapped, "reduce", reduce, template({ input: "${input}", results: "${nodes.results}" })).build();
};

const ITEMS = "(type(input) == list ? input : input.items)";
