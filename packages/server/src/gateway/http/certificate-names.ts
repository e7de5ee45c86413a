/** Names of certificates, as people and `openssl` write them and as Node does, in a form that can be compared. */
import { isIP } from "node:net";
import { PlatformError } from "@agentcore/contract";

type Attribute = readonly [type: string, value: string];

const TYPE = String.raw`(?:[A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)+)`;
// A comma or plus that no type follows belongs to the value: `O=Example, Inc., CN=billing`.
const ATTRIBUTE = new RegExp(
  String.raw`\s*(${TYPE})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|((?:[^\\]|\\.)*?))\s*(?:([,+])(?=\s*${TYPE}\s*=)|$)`,
  "sy",
);
const ESCAPED = /((?:\\[0-9A-Fa-f]{2})+)|\\([ ,+"\\<>;#=])|["\\]/g;

/** Source: RFC 4514, 2.4. Undefined for what is no text. */
const unescaped = (value: string): string | undefined => {
  const utf8 = new TextDecoder("utf-8", { fatal: true });
  try {
    return value.replace(ESCAPED, (_, bytes: string | undefined, special: string | undefined) => {
      if (bytes !== undefined) return utf8.decode(Buffer.from(bytes.replaceAll("\\", ""), "hex"));
      if (special === undefined) throw new TypeError("a quote, or a backslash before nothing that is escaped");
      return special;
    });
  } catch {
    return undefined;
  }
};

/** The order of names counts for nothing, within one and among them; which attributes make one name does. */
const subjectKey = (names: readonly (readonly Attribute[])[]): string =>
  JSON.stringify(
    names
      .map((name) =>
        JSON.stringify(name.map(([type, value]) => JSON.stringify([type.toLowerCase(), value])).toSorted()),
      )
      .toSorted(),
  );

/**
 * A subject as it is written in a configuration: `CN=billing, O=Example`, with values as they are, escaped (RFC 4514) or in quotes.
 * Throws INVALID_ARGUMENT.
 */
export const keyOfWrittenSubject = (text: string): string => {
  const names: Attribute[][] = [[]];
  ATTRIBUTE.lastIndex = 0;
  for (let isOpen = true; isOpen; ) {
    const [, type, quoted, plain = "", separator] = ATTRIBUTE.exec(text) ?? [];
    const value = unescaped(quoted ?? plain);
    if (type === undefined || value === undefined) {
      throw new PlatformError(
        "INVALID_ARGUMENT",
        String.raw`expected a whole subject, such as CN=billing, O=Example, with \" for a quote and \\ for a backslash in a value`,
      );
    }
    names.at(-1)?.push([type, value]);
    if (separator === ",") names.push([]);
    isOpen = separator !== undefined;
  }
  return subjectKey(names);
};

/** A subject as Node has it: a line a name, escaped, " + " between the attributes of one. Undefined when there is none. */
export const keyOfSubject = (lines: string): string | undefined => {
  const names: Attribute[][] = [];
  for (const line of lines.split("\n")) {
    const name: Attribute[] = [];
    for (const attribute of line.split(" + ")) {
      const at = attribute.indexOf("=");
      const value = unescaped(attribute.slice(at + 1));
      if (at < 1 || value === undefined) return undefined;
      name.push([attribute.slice(0, at), value]);
    }
    names.push(name);
  }
  return subjectKey(names);
};

// What else a name holds Node writes in quotes; such a one is nobody's.
const ALTERNATIVE_NAME = /^(DNS|URI|email|IP Address):([ !#-&(-+\--[\]-~]+)$/;

/** One subject alternative name, as written or as Node has it. Source: RFC 5280, 7. Undefined for one that no certificate can have. */
export const keyOfAlternativeName = (name: string): string | undefined => {
  const [, type, value = ""] = ALTERNATIVE_NAME.exec(name) ?? [];
  switch (type) {
    case "DNS":
      return `${type}:${value.toLowerCase()}`;
    case "email":
      return `${type}:${value.replace(/@[^@]*$/, (host) => host.toLowerCase())}`;
    case "IP Address": {
      const address = isIP(value) === 6 ? URL.parse(`http://[${value}]`)?.hostname : value;
      return isIP(value) === 0 || address === undefined ? undefined : `${type}:${address}`;
    }
    // To the letter: in which of its parts case counts depends on its scheme.
    case "URI":
      return name;
    default:
      return undefined;
  }
};

const LISTED = /([^,:"]+:(?:"(?:[^"\\]|\\.)*"|[^,"]*))(?:, |$)/y;

/** Of a certificate's alternative names, as Node lists them. */
export const keysOfAlternativeNames = (text = ""): ReadonlySet<string> => {
  const keys = new Set<string>();
  LISTED.lastIndex = 0;
  for (let match = LISTED.exec(text); match !== null && match[0] !== ""; match = LISTED.exec(text)) {
    const key = keyOfAlternativeName(match[1] ?? "");
    if (key !== undefined) keys.add(key);
  }
  return keys;
};
