/** A text as the guards read it. */
export interface Word {
  /** As it was written. */
  readonly raw: string;
  readonly lower: string;
  /** Crude: enough for two forms of one English word to meet. */
  readonly stem: string;
  /** First of its sentence, so that a capital letter says nothing. */
  readonly isFirst: boolean;
  readonly isQuoted: boolean;
}

const WORD =
  /\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\p{L}\p{N}])|\p{L}\.(?=\p{L}\.)(?:\p{L}\.)+|[\p{L}\p{N}]+(?:['’._:/@-][\p{L}\p{N}]+)*|[$€£¥%°]|[.?!:;]|["“”«»]/gu;
const SENTENCE_END = /^[.?!:;]$/;
const QUOTE = /^["“”«»]$/;
const DIGITS_FIRST =
  /^(\d+|(?:two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|sixteen|twenty|thirty|forty|fifty))-(.+)$/i;
const NUMBER_AND_UNIT =
  /^(\d+(?:[.,]\d+)*)(mg|g|kg|km|m|cm|mm|ml|l|gb|mb|kb|tb|ms|s|h|k|am|pm|kwh|mw|dpi|th|st|nd|rd)$/i;

export const wordsOf = (text: string): readonly Word[] => {
  const words: Word[] = [];
  let isFirst = true;
  let isQuoted = false;
  for (const [piece] of text.normalize("NFC").replaceAll("’", "'").matchAll(WORD)) {
    if (SENTENCE_END.test(piece)) isFirst = true;
    else if (QUOTE.test(piece)) isQuoted = !isQuoted;
    else
      for (const raw of piecesOf(piece)) {
        const lower = raw.toLowerCase();
        words.push({ raw, lower, stem: stemOf(lower), isFirst, isQuoted });
        isFirst = false;
      }
  }
  return words;
};

const piecesOf = (piece: string): readonly string[] => {
  const measured = NUMBER_AND_UNIT.exec(piece);
  if (measured !== null) return /^(?:th|st|nd|rd)$/i.test(measured[2] ?? "") ? [measured[1] ?? ""] : measured.slice(1);
  const hyphened = DIGITS_FIRST.exec(piece);
  if (hyphened !== null) return [hyphened[1] ?? "", ...(hyphened[2] ?? "").split("-")];
  const negated = /^(.+)n't$/i.exec(piece);
  if (negated !== null) return [NEGATED_STEMS[(negated[1] ?? "").toLowerCase()] ?? negated[1] ?? "", "not"];
  const contracted = /^(.+)'(s|m|re|ve|ll|d)$/i.exec(piece);
  return contracted === null ? [piece] : [contracted[1] ?? ""];
};

const NEGATED_STEMS: Readonly<Record<string, string>> = { ca: "can", wo: "will", sha: "shall" };

const IRREGULAR: Readonly<Record<string, string>> = Object.fromEntries(
  (
    "bought:buy sold:sell paid:pay sent:send lost:lose won:win left:leave took:take taken:take gave:give given:give went:go gone:go " +
    "came:come made:make done:do did:do does:do has:have had:have is:be are:be was:be were:be am:be been:be wrote:write written:write " +
    "spoke:speak spoken:speak rose:rise risen:rise fell:fall fallen:fall grew:grow grown:grow kept:keep held:hold met:meet ran:run " +
    "began:begin begun:begin broke:break broken:break drove:drive driven:drive ate:eat eaten:eat flew:fly flown:fly got:get gotten:get " +
    "children:child people:person men:man women:woman shipped:ship shipping:ship stopped:stop running:run planned:plan better:good best:good"
  )
    .split(" ")
    .map((pair) => pair.split(":") as [string, string]),
);

export const stemOf = (lower: string): string => {
  const known = IRREGULAR[lower];
  if (known !== undefined) return known;
  if (lower.length < 4) return lower;
  for (const [ending, replacement] of ENDINGS) {
    if (!lower.endsWith(ending)) continue;
    const stem = lower.slice(0, -ending.length) + replacement;
    return stem.length < 3 ? lower : stem.replace(/([bdgklmnprt])\1$/, "$1").replace(/e$/, "");
  }
  return lower.replace(/e$/, "");
};

const ENDINGS: readonly (readonly [string, string])[] = [
  ...([
    ["ies", "y"],
    ["ied", "y"],
    ["sses", "ss"],
    ["ss", "ss"],
    ["us", "us"],
    ["is", "is"],
    ["ing", ""],
    ["ed", ""],
  ] as const),
  ...([
    ["es", "e"],
    ["s", ""],
  ] as const),
];

/** Says nothing of what is asked about; not to be weighed when wordings are compared. */
const FUNCTION_WORDS: ReadonlySet<string> = new Set(
  (
    "a an the this that these those it its i me my mine we us our you your he she they them their one ones there here somebody someone anybody " +
    "anyone people person of to in on at by for from with as into onto out up off over about and or but if so than then too also just only " +
    "be is are am was were been being do does did doing done have has had having can could may might must shall should will would need needs " +
    "what which who whom whose when where why how please tell show give let know get want like would possible way able allowed permitted explain mean means define " +
    "any some all every each both me again really exactly currently now yet already still kindly could thanks hello hi"
  ).split(" "),
);

export const isFunctionWord = ({ lower }: Word): boolean => FUNCTION_WORDS.has(lower);
