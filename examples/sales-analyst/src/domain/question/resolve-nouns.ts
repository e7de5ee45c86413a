import type { Element } from "./element.ts";
import type { Sentence } from "./sentence.ts";

/** "the Tents category", "product Camp Stove", "north region": the noun only says what the name is. */
export function attachNouns(sentence: Sentence): void {
  for (const { at, element } of sentence.open("dimension")) {
    const before = sentence.at(at - 1, "value");
    const after = sentence.at(at + 1, "value");
    if (before?.field === element.dimension || (after?.field === element.dimension && !element.plural))
      sentence.use(at);
  }
}

/** "how many different customers", "the region with the most customers": customers are counted, not listed. */
export function findCountedCustomers(sentence: Sentence): boolean {
  const dimensions = sentence.open("dimension");
  for (const { at, element } of dimensions) {
    if (element.dimension !== "customer" || !element.plural) continue;
    let before = sentence.before(at);
    const qualifiers: number[] = [];
    for (
      ;
      sentence.at(before, "distinct") || sentence.at(before, "value")?.field === "region";
      before = sentence.before(before)
    ) {
      if (sentence.at(before, "distinct")) qualifiers.push(before);
    }
    const asked = sentence.at(before, "howMany") !== undefined;
    const ranked =
      sentence.at(before, "rank")?.counts === true &&
      dimensions.some(({ element: other }) => other.dimension !== "customer");
    if (!asked && !ranked) continue;
    sentence.use(at, ...qualifiers);
    if (asked) sentence.use(before);
    sentence.useAll("who");
    return true;
  }
  const counted = sentence.open("measure").some(({ element }) => element.measure === "customers");
  if (counted) sentence.useAll("who");
  return false;
}

/** "our customers spent", "customers in the South": a noun that adds nothing to the verb or the region beside it. */
export function placeRemainingCustomers(sentence: Sentence): void {
  for (const { at, element } of sentence.open("dimension")) {
    if (element.dimension !== "customer" || !element.plural) continue;
    const acts = sentence.at(sentence.after(at), "verb")?.verb;
    const besideRegion = [sentence.before(at), sentence.after(at)].some(
      (beside) => sentence.at(beside, "value")?.field === "region",
    );
    if (acts === "buy" || acts === "spend" || besideRegion) sentence.use(at);
  }
}

/** Customers buy and spend, we sell: the other way round the data has no answer, and the same words would give a wrong one. */
export function findWrongActor({ elements }: Sentence): string | undefined {
  const words = elements.map((element) => element.words);
  for (const [at, element] of elements.entries()) {
    const verb = element.kind === "verb" ? element.verb : undefined;
    let actor = at - 1;
    while (auxiliaries.has(words[actor] ?? "")) actor -= 1;
    const byUs = words[actor] === "we" || words[actor] === "i";
    const passive = passives.has(words[at - 1] ?? "");
    if (byUs && (verb === "buy" || verb === "spend" || element.words.startsWith("place")))
      return "the data records what customers bought, not what we bought";
    if (verb === "sell" && !byUs && !passive && elements.slice(0, at).some(isCustomer))
      return "the data records what customers bought, not what they sold";
  }
  return undefined;
}

const auxiliaries = new Set(["have", "had", "did", "do"]);
const passives = new Set(["was", "were", "been", "is", "are"]);

function isCustomer(element: Element): boolean {
  return (
    element.kind === "who" ||
    (element.kind === "value" && element.field === "customer") ||
    (element.kind === "dimension" && element.dimension === "customer")
  );
}
