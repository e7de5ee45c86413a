import type { Word } from "./words.ts";

const ENGLISH: ReadonlySet<string> = new Set(
  (
    "the a an is are was were be been do does did have has had can could may might must should will would shall what which who whom whose when where why how " +
    "of to in on at by for from with and or if it its this that these those my your our their his her i we you they he she there not no please " +
    "show find list give make set use get me us many much any some than as into about"
  ).split(" "),
);
const OTHERS: ReadonlySet<string> = new Set(
  (
    "der die das und ist sind ein eine wie wer wann wo warum nicht mit für auf zu den dem le la les un une et est sont que qui quand où comment pourquoi pas avec pour " +
    "dans du des el los las y es son qué quién cuándo dónde cómo por con para del il lo gli e è sono che chi come quando dove perché non per di da het een en wat wie " +
    "waar niet met voor van och är vad hur när inte på med som det ett jest nie jak kto gdzie dlaczego o os uma é são não quem onde"
  ).split(" "),
);

/** English, and of other languages too. */
const AMBIGUOUS: ReadonlySet<string> = new Set(
  "a an in on at as or is was are me to so no for have has set by he may use some do does this than not we".split(" "),
);

/** Whether the guards can judge two texts: both English, in Latin letters, as far as their small words tell. */
export const areEnglish = (texts: readonly { readonly text: string; readonly words: readonly Word[] }[]): boolean =>
  texts.every(({ text, words }) => {
    if (/[^\p{Script=Latin}\p{Script=Common}\p{Script=Inherited}]/u.test(text)) return false;
    const own = words.filter(({ lower }) => ENGLISH.has(lower)).length;
    return own > words.filter(({ lower }) => OTHERS.has(lower) && !ENGLISH.has(lower)).length;
  }) && texts.some(({ words }) => words.some(({ lower }) => ENGLISH.has(lower) && !AMBIGUOUS.has(lower)));
