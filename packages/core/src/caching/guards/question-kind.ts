/** What kind of answer a question wants; null when it does not say, as `what` and orders do not. */
type QuestionKind = "person" | "time" | "place" | "reason" | "quantity" | "duration" | "yes or no" | "manner";

const KINDS: readonly (readonly [RegExp, QuestionKind])[] = [
  [/\bhow (?:many|much)\b|\b(?:the|what|which|total) (?:number|count|amount|sum)\b/, "quantity"],
  [/\bhow long\b|\bfor (?:how long|what time)\b|\b(?:duration|how many (?:hours|days|weeks|minutes))\b/, "duration"],
  [/\b(?:who|whom|whose)\b|\b(?:which|what) (?:person|people|driver|doctor|nurse|colleagues?|team)\b/, "person"],
  [/\bwhen\b|\b(?:what|which) (?:time|times|date|day|hours)\b|\bdeadline\b|\bsince when\b/, "time"],
  [/\bwhere\b|\b(?:what|which) (?:place|location|menu)\b/, "place"],
  [/\bwhy\b|\b(?:reason|cause|caused|causes|what made|what makes)\b/, "reason"],
];
const YES_OR_NO = /^(?:is|are|was|were|am|do|does|did|has|have|had|can|could|may|must|should|shall|will|would)\b/;
/** Asks for leave to ask: what is asked comes after it. */
const POLITE =
  /^(?:please\s+)?(?:(?:can|could|would|will) you\s+)?(?:please\s+)?(?:tell me|explain|show me|let me know|give me|describe|i(?:'d| would) like to know|do you know)\s+(?:please\s+)?(?=\S)/;

export const questionKindsOf = (text: string): ReadonlySet<QuestionKind> => {
  const lower = text.toLowerCase().replace(POLITE, "");
  if (YES_OR_NO.test(lower)) return new Set(["yes or no"]);
  const found = new Set(KINDS.filter(([pattern]) => pattern.test(lower)).map(([, kind]) => kind));
  if (found.size === 0 && /\bhow\b/.test(lower)) found.add("manner");
  return found;
};

/** What is asked for as often in the one form as in the other: "how do I find", "where is", "is there a place". */
const isLoose = (kind: QuestionKind): boolean => kind === "manner" || kind === "yes or no" || kind === "place";

/**
 * Whether neither is of a kind that the other is of. Questions that say nothing of their kind fit all others, and some kinds are often asked in the form of
 * others; not so when `isStrict`, as when nothing else is different.
 */
export const askForDifferentKinds = (left: string, right: string, isStrict: boolean): boolean => {
  const [one, other] = [questionKindsOf(left), questionKindsOf(right)];
  if (isStrict) return one.size !== other.size || [...one].some((kind) => !other.has(kind));
  if (one.size === 0 || other.size === 0 || [...one].some((kind) => other.has(kind))) return false;
  const all = [...one, ...other];
  return !all.includes("yes or no") && !all.every(isLoose);
};
