import type { Field } from "../application.ts";

/** A field, or a part that only makes sense with others: names in two boxes, a currency beside a number. */
export type LabelTarget = Field | "givenName" | "familyName" | "currency" | "employment";

export interface LabelMeaning {
  readonly target: LabelTarget;
  readonly yearly: boolean;
  readonly gross: boolean;
  readonly unit: "cents" | "months" | "years" | undefined;
}

/** First match wins, so the narrower meaning stands above the wider one. */
const rules: readonly (readonly [target: LabelTarget, means: RegExp, never?: RegExp])[] = [
  ["politicallyExposed", /politically exposed|\bpep\b|public office/],
  ["currency", /^(?:\w+ ){0,2}currency$|^waehrung$/],
  ["monthlyCashDepositsCents", /cash (?:deposit|paid in)/],
  ["dateOfBirth", /birth|\bdob\b|^born|geburtsdatum/, /place|country|city|name/],
  [
    "applicationDate",
    /(?:application|submission|form|statement|letter|signature) date|date of (?:the |this )?(?:application|submission|letter|form|signature)|^date$|^datum$|(?:submitted|signed|applied|created|dated)(?: on| at)?$/,
  ],
  ["statedAge", /^(?:applicant s )?(?:current )?age(?: in years| at application)?$|^alter$/],
  [
    "identityNumber",
    /(?:identity|identification|national|personal|\bid\b)(?: \w+)? (?:number|no|nr|code)\b|^(?:national |personal )?(?:identity|identification)$|^(?:national|personal) id$|identity card/,
    /application|tax|customer|account|reference|loan/,
  ],
  [
    "employment",
    /(?:employ|\bjob\b|\bwork|position).*(?:since|start|from|began|begin|months|years|length|duration|tenure|time|long|period|seniority)|(?:since|start|began|months|years|length|duration|tenure|time|long|seniority|period).*(?:employ|\bjob\b|\bwork|position)|^(?:employment|tenure|seniority|employed|employed for)$/,
    /status|type|name|address/,
  ],
  [
    "monthlyHousingCents",
    /\brent\b|housing|mortgage|accommodation|^miete$/,
    /status|type|total|outstanding|balance|address/,
  ],
  [
    "monthlyObligationsCents",
    /obligation|commitment|liabilit|(?:existing|other|current|outstanding) (?:\w+ )?(?:debt|loan|credit)|(?:loan|credit|debt)s? (?:re)?(?:payment|instal|service|paid)|(?:payment|instal\w+)s? (?:on|for|towards|of) (?:\w+ ){0,2}(?:loan|debt|credit)|(?:monthly|expenses|outgoings) (?:debt|loan|credit)s?$|^debts?$|^debt (?:monthly|service)/,
    /total|balance|lender|bank|type|number of|term|remaining|desired|proposed/,
  ],
  [
    "termMonths",
    /\bterm\b|duration|(?:repayment|loan|credit) (?:period|months|years)|repay over|months to repay|number of (?:monthly )?instal|laufzeit|instal\w+ number/,
    /conditions|notice/,
  ],
  ["overdraftMonths", /overdraft/, /limit|facility|amount/],
  [
    "monthlyIncomeCents",
    /income|salary|earnings|\bwages?\b|take ?home|\bnet pay\b|einkommen|gehalt/,
    /source|type|other|household|partner|spouse|proof|tax rate|currency|ratio/,
  ],
  [
    "purpose",
    /purpose|reason for (?:the )?(?:loan|application)|(?:intended )?use of (?:the )?(?:loan|funds|money)|intended use|verwendungszweck/,
  ],
  [
    "requestedAmountCents",
    /(?:loan|request\w*|credit|borrow\w*|financ\w*|desired)(?: \w+)? (?:amount|sum)|(?:amount|sum)(?: \w+){0,2} (?:request\w*|needed|wanted|loan|to borrow|borrow|applied for)|^(?:loan|amount|requested|principal|sum requested|loan size|loan requested|loan principal|requested loan|kreditbetrag)$/,
    /monthly|payment|transaction|fee|paid/,
  ],
  [
    "country",
    /country|residen|^land$|wohnsitz/,
    /birth|tax|nationality|citizen|employer|permit|status|street|(?:^|\s)(?:city|postcode|zip)$|^residential address$/,
  ],
  [
    "givenName",
    /\b(?:first|given|fore) ?names?\b|name (?:first|given)$|^vorname$|^(?:first|given)$/,
    /employer|partner|spouse|bank/,
  ],
  [
    "familyName",
    /\b(?:last|family|sur) ?names?\b|name (?:last|family)$|^nachname$|^(?:last|family)$/,
    /employer|partner|spouse|bank/,
  ],
  [
    "fullName",
    /^(?:(?:full|legal|complete) )?name(?: full| and surname| of (?:the )?(?:applicant|account holder|borrower))?$|^(?:full )?name of|^applicant(?: s)?(?: (?:full )?name)?$|^(?:account ?)?holder(?: name)?$|^borrower(?: name)?$|^from$/,
    /employer|bank|company|spouse|partner|branch/,
  ],
];

/** What a form label, a CSV heading or a JSON path asks for; undefined for everything this example does not read. */
export function fieldOfLabel(label: string): LabelMeaning | undefined {
  if (label.length > 120) return undefined;
  const words = labelWords(label);
  if (words === "" || words.split(" ").length > 9) return undefined;
  const bare = words.replace(/ (?:in )?(?:eur|euros?|usd|gbp|chf|cents?|yyyy mm dd|dd mm yyyy)$/g, "");
  const rule = rules.find(([, means, never]) => means.test(bare) && !never?.test(bare));
  if (!rule) return undefined;
  const unit = /\bcents?\b/.test(words)
    ? "cents"
    : /\byears?\b/.test(words)
      ? "years"
      : /\bmonths?\b/.test(words)
        ? "months"
        : undefined;
  return {
    target: rule[0],
    yearly: /annual|year|\bp a\b/.test(words),
    gross: /gross|before tax|brutto/.test(words),
    unit,
  };
}

/** `monthlyNetIncome`, `monthly_net_income` and `Monthly net income (€)` become the same words. */
function labelWords(label: string): string {
  return label
    .replace(/([a-z0-9])([A-Z])|([A-Z])(?=[A-Z][a-z])/g, "$1$3 $2")
    .normalize("NFD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, " ")
    .trim();
}
