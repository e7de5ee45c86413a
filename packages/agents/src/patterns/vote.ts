import { invalidArgument } from "@agentcore/contract";
import { type AgentDefinition, expression, template } from "@agentcore/sdk";
import { z } from "zod";
import {
  type AnyPath,
  beginPattern,
  checkOptions,
  IN_CODE,
  literal,
  type PatternOptions,
  type Performer,
  perform,
  type Role,
  type RoleSchemas,
  verbatim,
} from "../role.ts";
import { branchesOf, NAMED, namedRoles } from "./parallel.ts";

export interface VoteOptions extends PatternOptions {
  /**
   * 2 to 50, by name or as a list, then named as they are. Each gets `{ question, choices }`, the question being the input, and gives a choice
   * or `{ vote }`. Whatever is no choice is an abstention, and so is one that fails.
   */
  readonly voters: readonly Role[] | Readonly<Record<string, Role>>;
  /** 2 to 20, of 100 characters each and 400 together. @default ["approve", "reject"] */
  readonly choices?: readonly string[] | undefined;
  /**
   * What a choice needs to win, of the votes that were cast: majority: more than half; plurality: more than any other; unanimous: all; a
   * number above 0.5 and up to 1: that share at least. @default "majority"
   */
  readonly rule?: "majority" | "plurality" | "unanimous" | number | undefined;
  /** Votes that must be cast, abstentions not among them. @default 1 */
  readonly quorum?: number | undefined;
  /** Asked when nothing has won: gets `{ question, choices, tally }` and gives a choice or `{ vote }`. */
  readonly tieBreaker?: Performer | undefined;
  /** What it comes to when nothing has won and nobody breaks the tie: a choice, or that it fails. @default it fails */
  readonly undecided?: string | undefined;
}

const RULE = "expected majority, plurality, unanimous, or a share above 0.5 and up to 1";
const Choice = z.string().min(1).max(100);
// They stand in each condition of the graph, which has its length.
const MAX_CHOICES_TEXT = 400;
export const voteShape = ({ role, performer }: RoleSchemas) => ({
  voters: z.union([z.array(role), z.record(NAMED, role)], { error: "expected 2 to 50 agents, as a list or by name" }),
  choices: z
    .array(Choice)
    .min(2)
    .max(20)
    .refine((choices) => new Set(choices).size === choices.length, { error: "expected each once" })
    .optional(),
  rule: z
    .union([z.enum(["majority", "plurality", "unanimous"]), z.number().gt(0.5, RULE).max(1, RULE)], { error: RULE })
    .optional(),
  quorum: z.int().min(1).max(50).optional(),
  tieBreaker: performer.optional(),
  undecided: Choice.optional(),
});

/** Asks all at once, and ends the others as soon as their votes can change nothing any more. */
export const vote = (options: VoteOptions): AgentDefinition => {
  const given = checkOptions("vote", voteShape(IN_CODE), options) as VoteOptions;
  const { choices = ["approve", "reject"], rule = "majority", quorum = 1, tieBreaker, undecided } = given;
  const voters = namedRoles("vote", options.name, "voters", given.voters);
  const refuse = (field: string, description: string) =>
    invalidArgument(`vote "${options.name}"`, [{ field, description }]);
  if (voters.length < 2) throw refuse("voters", `expected 2 to 50, got ${voters.length}`);
  if (quorum > voters.length) throw refuse("quorum", `expected 1 to ${voters.length}, the number of voters`);
  if (literal(choices).length > MAX_CHOICES_TEXT)
    throw refuse(
      "choices",
      `expected at most ${MAX_CHOICES_TEXT} characters of JSON together, got ${literal(choices).length}`,
    );
  if (undecided !== undefined && !choices.includes(undecided))
    throw refuse("undecided", `expected one of ${choices.join(", ")}`);
  if (undecided !== undefined && tieBreaker !== undefined)
    throw refuse("undecided", "expected either this or tieBreaker");

  const asked = { question: "${input}", choices: choices.map(verbatim) };
  const rules = rulesOf(rule, literal(choices), voters.length);
  const won = `(nodes.ballot.cast >= ${quorum} ? nodes.ballot.tally.filter(one, ${rules.wins}) : [])`;
  const ballot = beginPattern("vote", options).parallel("ballot", branchesOf(voters, template(asked), "voter-"), {
    description: "whether the votes that are missing can change nothing any more",
    onFailure: "ignore",
    until: rules.decided(quorum),
    merge: expression(
      `{"tally": ${literal(choices)}.map(one, {"choice": one, "votes": ${countOf("one")}}), "cast": ${castOf(literal(choices))}, "votes": branches.map(name, {"voter": name, "vote": ${voteOf("branches[name]")}})}`,
    ),
  }) as AnyPath;
  const decided = ballot.decide(
    "outcome",
    [{ when: `size(${won}) == 1`, do: (path: AnyPath) => path }],
    (path: AnyPath) => {
      if (tieBreaker !== undefined)
        return perform(path, "tieBreaker", tieBreaker, template({ ...asked, tally: "${nodes.ballot.tally}" })).decide(
          "broken",
          [
            {
              when: `!(${voteOf("nodes.tieBreaker")} in ${literal(choices)})`,
              do: (way: AnyPath) =>
                way.fail(
                  "noChoice",
                  `whoever breaks the tie gave no choice; expected one of ${verbatim(choices.join(", "))}`,
                ),
            },
          ],
        ) as AnyPath;
      if (undecided !== undefined) return path;
      return path.fail(
        "undecided",
        "nothing has won: ${nodes.ballot.tally} of ${nodes.ballot.cast} votes cast",
      ) as AnyPath;
    },
  ) as AnyPath;
  const otherwise = tieBreaker === undefined ? literal(undecided ?? "") : voteOf("nodes.tieBreaker");
  return decided.build(
    template({
      decision: `\${size(${won}) == 1 ? ${won}[0].choice : ${otherwise}}`,
      by: `\${size(${won}) == 1 ? ${literal(String(rule))} : ${literal(tieBreaker === undefined ? "default" : "tie breaker")}}`,
      tally: "${nodes.ballot.tally}",
      cast: "${nodes.ballot.cast}",
      votes: "${nodes.ballot.votes}",
      voters: voters.length,
    }),
  );
};

const voteOf = (answer: string): string => `(type(${answer}) == map ? ${answer}.?vote.orValue("") : ${answer})`;
const countOf = (choice: string): string => `size(branches.filter(name, ${voteOf("branches[name]")} == ${choice}))`;
const castOf = (choices: string): string => `size(branches.filter(name, ${voteOf("branches[name]")} in ${choices}))`;

interface Rules {
  /** Over `one` of the tally. */
  readonly wins: string;
  /** Over `branches`: what is missing changes nothing, whatever it will be. */
  decided(quorum: number): string;
}

// A share such as 0.6667 of three is two of them.
const TOLERANCE = 0.0001;

const rulesOf = (rule: NonNullable<VoteOptions["rule"]>, choices: string, voters: number): Rules => {
  const cast = castOf(choices);
  // Those that failed are counted among them, which only makes it wait for longer.
  const left = `(${voters} - size(branches))`;
  const most = `(${cast} + ${left})`;
  const decided = (certain: string, hopeless: string) => (quorum: number) =>
    `${most} < ${quorum} || (${cast} >= ${quorum} && ${certain}) || ${hopeless}`;
  if (rule === "plurality")
    return {
      wins: "nodes.ballot.tally.all(other, other.choice == one.choice || one.votes > other.votes)",
      decided: decided(
        `${choices}.exists(one, ${choices}.all(other, other == one || ${countOf("one")} > ${countOf("other")} + ${left}))`,
        "false",
      ),
    };
  if (rule === "unanimous")
    return {
      wins: "one.votes > 0 && one.votes == nodes.ballot.cast",
      decided: decided("false", `size(${choices}.filter(one, ${countOf("one")} > 0)) > 1`),
    };
  const share = (votes: string, of: string): string =>
    rule === "majority" ? `${votes} * 2 > ${of}` : `double(${votes}) >= ${rule - TOLERANCE} * double(${of})`;
  return {
    wins: `one.votes > 0 && ${share("one.votes", "nodes.ballot.cast")}`,
    decided: decided(
      `${choices}.exists(one, ${share(countOf("one"), most)})`,
      `!${choices}.exists(one, ${share(`(${countOf("one")} + ${left})`, most)})`,
    ),
  };
};
