/** An address as `ann@example.com` or `Ann Lee <ann@example.com>`, and nothing else that RFC 5322 would allow. */
import { domainToASCII } from "node:url";

export interface Mailbox {
  readonly name: string;
  /** In ASCII, its domain in lower case. */
  readonly address: string;
  readonly domain: string;
}

// The atoms of RFC 5322, 3.2.3. Quoted ones are nobody's in practice, and a way around those who read addresses simply.
const LOCAL = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
const DOMAIN = /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const MAX_LOCAL = 64;
const MAX_NAME = 200;

/** Characters that end a line, or that nobody sees; an encoded word (RFC 2047), which mail programs show as what it stands for. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]|=\?[^?\s]+\?[bq]\?/iu;
export const hasUnseen = (text: string): boolean => UNSEEN.test(text);

/** What is wrong with it is told as a text. */
export const readMailbox = (text: string): Mailbox | string => {
  if (text.length > 600 || hasUnseen(text)) return "expected an address without line breaks and hidden letters";
  const [, name = "", bracketed] = /^([^<>]*)<([^<>]*)>$/.exec(text.trim()) ?? [];
  const address = (bracketed ?? text).trim();
  const at = address.lastIndexOf("@");
  const local = address.slice(0, at);
  const domain = domainToASCII(address.slice(at + 1));
  if (at < 1 || local.length > MAX_LOCAL || !LOCAL.test(local) || !DOMAIN.test(domain))
    return "expected one address, as in ann@example.com or Ann <ann@example.com>";
  const shown = name.trim().replace(/^"(.*)"$/, "$1");
  // A name that is an address makes who reads it believe that it is the address.
  if (shown.length > MAX_NAME || shown.normalize("NFKC").includes("@"))
    return `expected a name of at most ${MAX_NAME} characters without @`;
  return { name: shown, address: `${local}@${domain}`, domain };
};
