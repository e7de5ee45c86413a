/**
 * XML as JSON and back: elements are members, those that come again lists, attributes `@name`, text beside them `#text`. Without document types and entities of
 * one's own, so that no text can grow or reach out; bounded in depth and number of elements.
 */
import { invalidArgument, PlatformError } from "@agentcore/contract";

type Element = { [name: string]: unknown };

const MAX_DEPTH = 60;
const MAX_ELEMENTS = 100_000;
// A path is made of the names above it, for each element.
const MAX_NAME = 200;
const NAME = /[\p{L}_][\p{L}\p{N}_.:-]*/uy;
const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

/** `lists`: paths of elements that are lists also when there is one, as `order.item`. Throws INVALID_ARGUMENT with line and what was expected. */
export const readXml = (text: string, lists: ReadonlySet<string>): Element => {
  let at = 0;
  let elements = 0;
  const refuse = (expected: string) => {
    const line = text.slice(0, at).split("\n").length;
    return invalidArgument("the XML", [{ field: `line ${line}`, description: expected }]);
  };
  const skipSpace = (): void => {
    while (at < text.length && " \t\r\n".includes(text[at] ?? "")) at += 1;
  };
  const upTo = (end: string, what: string): string => {
    const found = text.indexOf(end, at);
    if (found === -1) throw refuse(`${what} is not closed`);
    const inner = text.slice(at, found);
    at = found + end.length;
    return inner;
  };
  /** What stands between elements and says nothing. */
  const skipNotes = (): void => {
    do skipSpace();
    while (skipNote());
  };
  /** False: there is none. */
  const skipNote = (): boolean => {
    if (text.startsWith("<!--", at)) {
      at += 4;
      upTo("-->", "a comment");
    } else if (text.startsWith("<?", at)) upTo("?>", "an instruction");
    else if (text.startsWith("<!", at))
      throw refuse(
        /^<!doctype/i.test(text.slice(at, at + 9)) ? "document types are not read" : "declarations are not read",
      );
    else return false;
    return true;
  };
  const name = (): string => {
    NAME.lastIndex = at;
    const found = NAME.exec(text)?.[0];
    if (found === undefined) throw refuse("expected a name");
    if (found.length > MAX_NAME) throw refuse(`expected a name of at most ${MAX_NAME} characters`);
    at += found.length;
    return found;
  };
  const decoded = (raw: string): string =>
    raw.replace(/&(#x[0-9a-f]{1,6}|#\d{1,7}|\w{1,20});?/gi, (whole, entity: string) => {
      const code = /^#x/i.test(entity) ? Number.parseInt(entity.slice(2), 16) : Number(entity.slice(1));
      const letter = entity.startsWith("#")
        ? code > 0 && code <= 0x10_ff_ff && (code < 0xd8_00 || code > 0xdf_ff)
          ? String.fromCodePoint(code)
          : undefined
        : ENTITIES[entity];
      if (letter === undefined || !whole.endsWith(";")) throw refuse(`${whole} is no entity that is known`);
      return letter;
    });
  const attributes = (into: Element): "open" | "empty" => {
    for (;;) {
      skipSpace();
      if (text.startsWith("/>", at)) {
        at += 2;
        return "empty";
      }
      if (text[at] === ">") {
        at += 1;
        return "open";
      }
      const key = name();
      skipSpace();
      if (text[at] !== "=") throw refuse(`expected = behind the attribute ${key}`);
      at += 1;
      skipSpace();
      const quote = text[at];
      if (quote !== '"' && quote !== "'") throw refuse(`expected a quoted value of the attribute ${key}`);
      at += 1;
      if (Object.hasOwn(into, `@${key}`)) throw refuse(`the attribute ${key} stands there twice`);
      put(into, `@${key}`, decoded(upTo(quote, `the attribute ${key}`)));
    }
  };
  /** Behind `<`. */
  const element = (path: string, depth: number): { readonly key: string; readonly value: unknown } => {
    elements += 1;
    if (elements > MAX_ELEMENTS) throw refuse(`more than ${MAX_ELEMENTS} elements`);
    if (depth > MAX_DEPTH) throw refuse(`nested deeper than ${MAX_DEPTH}`);
    const key = name();
    const own = path === "" ? key : `${path}.${key}`;
    const members: Element = {};
    if (attributes(members) === "empty") return { key, value: valueOf(members, "") };
    let said = "";
    for (;;) {
      const open = text.indexOf("<", at);
      if (open === -1) throw refuse(`<${key}> is not closed`);
      said += decoded(text.slice(at, open));
      at = open;
      if (text.startsWith("</", at)) {
        at += 2;
        const closed = name();
        if (closed !== key) throw refuse(`</${closed}> closes <${key}>`);
        skipSpace();
        if (text[at] !== ">") throw refuse(`expected > behind </${key}`);
        at += 1;
        return { key, value: valueOf(members, said) };
      }
      if (text.startsWith("<![CDATA[", at)) {
        at += 9;
        said += upTo("]]>", "CDATA");
      } else if (!skipNote()) {
        at += 1;
        const child = element(own, depth + 1);
        add(members, child.key, child.value, lists.has(`${own}.${child.key}`));
      }
    }
  };
  if (text.startsWith("\uFEFF")) at = 1;
  skipNotes();
  if (text[at] !== "<") throw refuse("expected an element");
  at += 1;
  const root = element("", 1);
  skipNotes();
  if (at < text.length) throw refuse("expected one element, and nothing behind it");
  const whole: Element = {};
  add(whole, root.key, root.value, false);
  return whole;
};

// `__proto__` is a name as any other.
const put = (into: Element, key: string, value: unknown): void => {
  Object.defineProperty(into, key, { value, enumerable: true, configurable: true, writable: true });
};

const add = (into: Element, key: string, value: unknown, isList: boolean): void => {
  const before = Object.hasOwn(into, key) ? into[key] : undefined;
  if (before === undefined) put(into, key, isList ? [value] : value);
  else if (Array.isArray(before)) before.push(value);
  else put(into, key, [before, value]);
};

const valueOf = (members: Element, said: string): unknown => {
  const text = said.trim();
  if (Object.keys(members).length === 0) return text;
  if (text !== "") put(members, "#text", text);
  return members;
};

/** Throws INVALID_ARGUMENT for what XML has no words for. */
export const writeXml = (value: unknown, rootName: string): string => {
  const made: Made = { lines: ['<?xml version="1.0" encoding="UTF-8"?>'], characters: 0 };
  const entries = isElement(value) ? Object.entries(value) : [];
  const [only] = entries;
  const [name, root] = entries.length === 1 && only !== undefined && !Array.isArray(only[1]) ? only : [rootName, value];
  writeElement(name, root, 0, made);
  return made.lines.join("\n");
};

// As much as may be read.
const MAX_WRITTEN = 2_000_000;

interface Made {
  readonly lines: string[];
  characters: number;
}

const addLine = (made: Made, line: string): void => {
  made.characters += line.length;
  if (made.characters > MAX_WRITTEN)
    throw new PlatformError("TOO_LARGE", `the XML would have more than ${MAX_WRITTEN} characters; give less at once`);
  made.lines.push(line);
};

const isElement = (value: unknown): value is Element =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const writeElement = (name: string, value: unknown, depth: number, made: Made): void => {
  if (depth > MAX_DEPTH)
    throw invalidArgument("the value", [{ field: name, description: `nested deeper than ${MAX_DEPTH}` }]);
  const indent = "  ".repeat(depth);
  const tag = asName(name);
  if (Array.isArray(value)) {
    for (const each of value as readonly unknown[])
      writeElement(name, Array.isArray(each) ? { item: each as unknown } : each, depth, made);
    return;
  }
  if (!isElement(value)) {
    const text = textOf(value);
    addLine(made, text === "" ? `${indent}<${tag}/>` : `${indent}<${tag}>${escaped(text)}</${tag}>`);
    return;
  }
  const attributes = Object.entries(value)
    .filter(([key]) => key.startsWith("@"))
    .map(([key, each]) => ` ${asName(key.slice(1))}="${escaped(textOf(each))}"`)
    .join("");
  const inner = Object.entries(value).filter(([key]) => !key.startsWith("@"));
  const [only] = inner;
  if (only === undefined) addLine(made, `${indent}<${tag}${attributes}/>`);
  else if (inner.length === 1 && only[0] === "#text")
    addLine(made, `${indent}<${tag}${attributes}>${escaped(textOf(only[1]))}</${tag}>`);
  else {
    addLine(made, `${indent}<${tag}${attributes}>`);
    for (const [key, each] of inner)
      if (key === "#text") addLine(made, `${indent}  ${escaped(textOf(each))}`);
      else writeElement(key, each, depth + 1, made);
    addLine(made, `${indent}</${tag}>`);
  }
};

const textOf = (value: unknown): string =>
  value === null || value === undefined ? "" : typeof value === "string" ? value : (JSON.stringify(value) ?? "");

const asName = (name: string): string => {
  NAME.lastIndex = 0;
  if (name.length <= MAX_NAME && NAME.exec(name)?.[0] === name) return name;
  throw invalidArgument("the value", [{ field: name, description: "is no name that an element of XML may have" }]);
};

const escaped = (text: string): string =>
  text
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;")
    .replace(/"/g, "&quot;")
    // XML 1.0 has no others.
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "")
    .replace(/\r/g, "&#13;");
