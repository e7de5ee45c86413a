import { invalidArgument } from "@agentcore/contract";
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
  type Role,
  type RoleSchemas,
} from "../role.ts";
import { branchesOf, NAMED, namedRoles } from "./parallel.ts";

export interface DebateOptions extends PatternOptions {
  /**
   * 2 to 20, by name or as a list, then named as they are. In each round each gets `{ topic, round, positions }`, the topic being the input and
   * the positions those of the round before, `[{ debater, position }]`, and gives a position.
   */
  readonly debaters: readonly Role[] | Readonly<Record<string, Role>>;
  /** Gets `{ topic, rounds, transcript }` and gives the verdict. */
  readonly judge: Performer;
  /** 1 to 20. @default 3 */
  readonly rounds?: number | undefined;
  /** Whether it ends after the round in which all positions are the same. @default true */
  readonly endWhenAgreed?: boolean | undefined;
}

export const debateShape = ({ role, performer }: RoleSchemas) => ({
  debaters: z.union([z.array(role), z.record(NAMED, role)], { error: "expected 2 to 20 agents, as a list or by name" }),
  judge: performer,
  rounds: z.int().min(1).max(20).optional(),
  endWhenAgreed: z.boolean().optional(),
});

/** Rounds of positions, each in knowledge of those of the round before, and a judge. */
export const debate = (options: DebateOptions): AgentDefinition => {
  const given = checkOptions("debate", debateShape(IN_CODE), options) as DebateOptions;
  const { judge, rounds = 3, endWhenAgreed = true } = given;
  const debaters = namedRoles("debate", options.name, "debaters", given.debaters, { most: 20 });
  if (debaters.length < 2)
    throw invalidArgument(`debate "${options.name}"`, [
      { field: "debaters", description: `expected 2 to 20, got ${debaters.length}` },
    ]);
  const positions = `branches.map(name, {"debater": name, "position": branches[name]})`;
  const round = `{"round": turn, "positions": ${positions}}`;
  const input = template({
    topic: "${input}",
    round: "${turn}",
    positions: "${has(nodes.round) ? nodes.round.positions : []}",
  });
  const debated = beginPattern("debate", options).loop(
    "rounds",
    (path: AnyPath) =>
      path.parallel("round", branchesOf(debaters, input, "debater-"), {
        merge: expression(
          `{"round": turn, "positions": ${positions}, "transcript": has(nodes.round) ? nodes.round.transcript + [${round}] : [${round}]}`,
        ),
      }) as AnyPath,
    {
      maxTurns: rounds,
      ...(endWhenAgreed ? { until: AGREED, otherwise: (path: AnyPath) => path } : {}),
    },
  ) as AnyPath;
  const transcript = "${nodes.rounds.transcript}";
  return perform(
    debated,
    "judge",
    judge,
    template({ topic: "${input}", rounds: "${nodes.rounds.round}", transcript }),
  ).build(template({ verdict: "${nodes.judge}", rounds: "${nodes.rounds.round}", transcript }));
};

const AGREED = "previous.positions.all(one, one.position == previous.positions[0].position)";
