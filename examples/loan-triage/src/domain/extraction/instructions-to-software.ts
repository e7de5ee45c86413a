import type { Problem } from "../application.ts";
import type { PageLine } from "./sentences.ts";

const suspicious =
  /\b(?:ignore|disregard|override|bypass)\b.{0,40}\b(?:instructions?|rules?|polic(?:y|ies)|checks?)\b|\bsystem prompt\b|\b(?:you are|as) an? (?:AI|assistant|language model)\b|\bapprove this (?:application|loan|request) (?:automatically|regardless|without|immediately|now)\b/i;

/** Text that speaks to the software instead of the bank. Rules cannot be talked into anything, but a model reading the same
 *  document later could, and whoever writes this should meet a person. */
export function findInstructions(lines: readonly PageLine[]): Problem | undefined {
  for (const [index, { page, line, text }] of lines.entries()) {
    const next = lines[index + 1];
    const wrapped = `${text.trim()} ${next?.page === page ? next.text.trim() : ""}`;
    if (!suspicious.test(text) && !(suspicious.test(wrapped) && !suspicious.test(next?.text ?? ""))) continue;
    return {
      code: "instructions-to-software",
      message: "The document contains instructions addressed to the software that reads it",
      evidence: [{ page, line, text: text.trim().slice(0, 160) }],
    };
  }
  return undefined;
}
