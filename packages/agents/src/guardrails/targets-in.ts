/** Where arguments of a tool lead to: addresses, links, accounts, paths. */
import { normalText } from "./normal-text.ts";
import { valuesIn } from "./texts-in.ts";

export interface Target {
  readonly kind: "address" | "link" | "account" | "path";
  /** Normal. */
  readonly text: string;
  /** As it is written, where it may stand within a text. */
  readonly written?: string | undefined;
  /** Of a link, and of an address of mail. */
  readonly host?: string | undefined;
}

// As long as addresses and paths are; what is longer is a text.
const MAX_ADDRESS = 320;
const MAX_PATH = 1024;
const LINK = /\b[a-z][a-z0-9+.-]{0,30}:\/\/[^\s<>"'`\])}|\\^]+/gi;
const MAIL = /^(?:[^<>@]{0,100}<)?(?<address>[^\s@<>,;]+@[^\s@<>,;]+)>?$/u;
const ACCOUNT = /^[a-z]{2}\d{2}[a-z0-9]{10,30}$/;
const PHONE = /^\+?[\d ()/.-]{7,24}$/;
const CHANNEL = /^[#@][\p{L}\p{N}_.-]+$/u;
const PATH = /[\\/]|^~|^\.\.?$|^[^\s]+\.[a-z0-9]{1,8}$/i;

export const targetsIn = (input: unknown): Target[] => valuesIn(input).flatMap(targetsOf);

/** Links that stand in a text, also within others. */
export const linksIn = (text: string): Target[] =>
  [...text.matchAll(LINK)].map(([found]) => {
    const link = withoutStops(found);
    return { kind: /^file:/i.test(link) ? "path" : "link", text: normalText(link), written: link, host: hostOf(link) };
  });

// By hand: an expression that looks for the end from every stop takes the square of their number.
const withoutStops = (link: string): string => {
  let end = link.length;
  while (end > 0 && ".,;:!?".includes(link[end - 1] ?? " ")) end -= 1;
  return link.slice(0, end);
};

const targetsOf = (value: string): Target[] => {
  const links = linksIn(value);
  const whole = value.trim();
  if (whole === "" || whole.length > MAX_PATH || whole.includes("\n") || links.length > 0) return links;
  const parts = whole.length > MAX_ADDRESS ? [] : whole.split(/[,;]\s*/);
  const addresses = parts.flatMap((part) => addressOf(part) ?? []);
  if (addresses.length > 0) return addresses;
  const compact = normalText(whole).replace(/[\s.-]/g, "");
  if (ACCOUNT.test(compact)) return [{ kind: "account", text: compact }];
  if (PHONE.test(whole) && whole.replace(/\D/g, "").length >= 7) return [{ kind: "address", text: normalText(whole) }];
  return isPath(whole) ? [{ kind: "path", text: normalText(whole) }] : [];
};

const addressOf = (part: string): Target | null => {
  const address = MAIL.exec(part.trim())?.groups?.["address"];
  if (address !== undefined) {
    const text = normalText(address);
    return { kind: "address", text, host: hostOf(`mail://${text.slice(text.lastIndexOf("@") + 1)}`) };
  }
  return CHANNEL.test(part) ? { kind: "address", text: normalText(part) } : null;
};

/** Words with spaces are a sentence, unless they begin as a path does. */
const isPath = (text: string): boolean =>
  PATH.test(text) && (!/\s/.test(text) || /^(?:~|\.{0,2}[\\/]|[a-z]:[\\/])/i.test(text));

/** As browsers read it: what stands before an @ is no host, and letters of other scripts are written out. */
const hostOf = (link: string): string | undefined => {
  try {
    // Only of schemes that browsers know is the host read as one.
    return new URL(link.replace(/^[a-z0-9+.-]+:/i, "https:")).hostname;
  } catch {
    return undefined;
  }
};
