export interface JsonLeaf {
  /** Keys from the root; array positions as numbers. */
  readonly path: readonly (string | number)[];
  readonly value: string | number | boolean | null;
  readonly line: number;
}

/** Every scalar of a JSON text with its line. Reads the text instead of the parsed object because duplicate keys and
 *  line numbers are lost there: two incomes under one key are a contradiction someone must see.
 *  The text must have passed `JSON.parse`. */
export function jsonLeaves(text: string): JsonLeaf[] {
  const leaves: JsonLeaf[] = [];
  const path: (string | number)[] = [];
  const inArray: boolean[] = [];
  let line = 1;
  let expectKey = false;
  for (const match of text.matchAll(/"(?:\\.|[^"\\])*"|[{}[\],:]|[^\s{}[\],:"]+|\n/g)) {
    const token = match[0];
    if (token === "\n") line += 1;
    else if (token === "{" || token === "[") {
      inArray.push(token === "[");
      path.push(token === "[" ? 0 : "");
      expectKey = token === "{";
    } else if (token === "}" || token === "]") {
      inArray.pop();
      path.pop();
    } else if (token === ",") {
      const last = path.at(-1);
      if (typeof last === "number") path[path.length - 1] = last + 1;
      expectKey = inArray.at(-1) === false;
    } else if (token !== ":") {
      const value = JSON.parse(token) as JsonLeaf["value"];
      if (expectKey) {
        path[path.length - 1] = String(value);
        expectKey = false;
      } else leaves.push({ path: [...path], value, line });
    }
  }
  return leaves;
}
