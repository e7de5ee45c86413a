/** What can be said of a draft by rule, without a model: whether what it says stands where it says so, and what of the plan it answers. */
import type { Citation, Claim, Draft } from "./draft.ts";
import type { Evidence } from "./evidence.ts";
import type { SubQuestion } from "./plan.ts";

export interface Check {
  readonly sound: readonly Claim[];
  readonly unsound: readonly { readonly text: string; readonly why: string }[];
  readonly disagreements: Draft["disagreements"];
  /** Questions that nothing sound answers. */
  readonly open: readonly SubQuestion[];
  /** 0 to 1: half of it is the share of questions that are answered, half the share of what is said that is sound. */
  readonly score: number;
  /** In words for whoever writes the next draft. */
  readonly problems: readonly string[];
}

const MIN_QUOTED_WORDS = 3;

export const checkDraft = (plan: readonly SubQuestion[], draft: Draft, evidence: Evidence): Check => {
  const ids = new Set(plan.map(({ id }) => id));
  const judged = draft.claims.map((claim) => ({ claim, why: faultOf(claim, ids, evidence) }));
  const sound = judged.flatMap(({ claim, why }) => (why === null ? [claim] : []));
  const sides = draft.disagreements.map((each) => ({
    each,
    why:
      unknownIn(each.answers, ids) ??
      each.sides
        .map(
          (side) =>
            faultOfCitation(side, evidence) ??
            faultOfRest([side], evidence) ??
            unsaidNumber(side.says, [side], evidence),
        )
        .find((why) => why !== null) ??
      null,
  }));
  const disagreements = sides.flatMap(({ each, why }) => (why === null ? [each] : []));
  const unsound = [
    ...judged.flatMap(({ claim, why }) => (why === null ? [] : [{ text: claim.text, why }])),
    ...sides.flatMap(({ each, why }) => (why === null ? [] : [{ text: each.about, why }])),
  ];
  const answered = new Set([...sound, ...disagreements].flatMap(({ answers }) => answers));
  const open = plan.filter(({ id }) => !answered.has(id));
  const said = judged.length + sides.length;
  const soundness = said === 0 ? 0 : (said - unsound.length) / said;
  return {
    ...{ sound, unsound, disagreements, open },
    score: 0.5 * ((plan.length - open.length) / plan.length) + 0.5 * soundness,
    problems: [
      ...unsound.map(({ text, why }) => `"${text}": ${why}`),
      ...open.map(({ id, question }) => `nothing sound answers ${id}: ${question}`),
    ],
  };
};

const faultOf = (claim: Claim, ids: ReadonlySet<string>, evidence: Evidence): string | null => {
  if (claim.citations.length === 0) return "it names no source";
  for (const citation of claim.citations) {
    const fault = faultOfCitation(citation, evidence);
    if (fault !== null) return fault;
  }
  return (
    faultOfRest(claim.citations, evidence) ??
    unknownIn(claim.answers, ids) ??
    unsaidNumber(claim.text, claim.citations, evidence)
  );
};

/** Of what rests on nothing but passages that speak to a machine. */
const faultOfRest = (citations: readonly Citation[], evidence: Evidence): string | null => {
  const suspicions = citations.map(({ source }) => evidence.get(source)?.suspicion ?? null);
  if (suspicions.some((suspicion) => suspicion === null)) return null;
  return `it rests on ${citations[0]?.source} alone, which ${suspicions[0]}`;
};

const faultOfCitation = ({ source, quote }: Citation, evidence: Evidence): string | null => {
  const passage = evidence.get(source);
  if (passage === undefined) return `there is no passage ${source}`;
  const quoted = wordsOf(quote);
  if (quoted.length < MIN_QUOTED_WORDS) return `"${quote}" is too short a quote; ${MIN_QUOTED_WORDS} words at least`;
  const within = (text: string): boolean => ` ${wordsOf(text).join(" ")} `.includes(` ${quoted.join(" ")} `);
  return within(passage.text) ? null : `"${quote}" does not stand in ${source}`;
};

const unknownIn = (answers: readonly string[], ids: ReadonlySet<string>): string | null => {
  const unknown = answers.find((id) => !ids.has(id));
  return unknown === undefined ? null : `there is no question "${unknown}"`;
};

/** A number that none of the sources has is made up, or worked out: a reader cannot find it there. */
const unsaidNumber = (text: string, citations: readonly Citation[], evidence: Evidence): string | null => {
  const there = new Set(
    citations.flatMap(({ source }) => {
      const { heading = "", text: said = "" } = evidence.get(source) ?? {};
      return numbersOf(`${source} ${heading} ${said}`);
    }),
  );
  const unsaid = numbersOf(text).find((number) => !there.has(number));
  return unsaid === undefined ? null : `no source of it has the number ${unsaid}`;
};

const wordsOf = (text: string): readonly string[] => text.toLowerCase().match(/[\p{L}\p{N}]+(?:[.,:]\p{N}+)*/gu) ?? [];

const numbersOf = (text: string): readonly string[] => wordsOf(text).filter((word) => /^\p{N}/u.test(word));
