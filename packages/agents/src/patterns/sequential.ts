import type { AgentDefinition } from "@agentcore/sdk";
import { z } from "zod";
import {
  beginPattern,
  checkOptions,
  IN_CODE,
  type PatternOptions,
  type Performer,
  perform,
  type RoleSchemas,
} from "../role.ts";

export interface SequentialOptions extends PatternOptions {
  /** 1 to 50. Each gets what the one before gave, the first the input; their nodes are `step1`, `step2` … */
  readonly agents: readonly Performer[];
}

export const sequentialShape = ({ performer }: RoleSchemas) => ({
  agents: z.array(performer, { error: "expected a list of 1 to 50" }).min(1).max(50),
});

/** One after the other. The output is what the last gave. */
export const sequential = (options: SequentialOptions): AgentDefinition => {
  const { agents } = checkOptions("sequential", sequentialShape(IN_CODE), options);
  return agents
    .reduce((path, each, index) => perform(path, `step${index + 1}`, each), beginPattern("sequential", options))
    .build();
};
