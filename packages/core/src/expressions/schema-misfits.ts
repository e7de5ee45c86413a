import {
  asSchema,
  describeSchema,
  type Effort,
  goOn,
  isRecord,
  type JsonSchema,
  type JsonType,
  newEffort,
  type SchemaPart,
  schemasOf,
  takeApart,
  typeOf,
  typesOf,
  valuesOf,
} from "./json-schema.ts";

/** A place at which nothing that the source may put there is accepted. */
export interface Misfit {
  /** `*` stands for each item of a list, and for each member of an object without declared names. */
  readonly path: readonly (string | number)[];
  readonly expected: string;
  readonly got: string;
}

const MAX_MISFITS = 20;

/**
 * Where values of `source` do not fit `target`. Only what is certain: what a schema leaves open, or what fits sometimes, is none. So
 * text where a number is wanted, a member that is required and never given, a member that is refused, values that are all outside an
 * enumeration; but not null beside what fits, or an optional member where one is required.
 */
export const misfits = (source: JsonSchema, target: JsonSchema): readonly Misfit[] =>
  compare({ schema: source, root: source }, { schema: target, root: target }, [], newEffort()).slice(0, MAX_MISFITS);

type Path = Misfit["path"];

const compare = (source: SchemaPart, target: SchemaPart, path: Path, effort: Effort): readonly Misfit[] => {
  const further = goOn(effort);
  if (further === undefined) return [];
  const from = takeApart(source);
  // No value at all.
  if (from.all.some(({ schema }) => schema === false)) return [];
  const to = takeApart(target);
  const found: Misfit[] = [];
  const add = (more: readonly Misfit[]): void => {
    for (const misfit of more) if (!found.some((one) => isSame(one.path, misfit.path))) found.push(misfit);
  };
  for (const own of from.all) {
    for (const wanted of to.all)
      add(compareOwn(own, wanted, path, further, from.all.length === 1, to.all.length === 1));
    for (const branches of to.unions)
      add(
        leastOf(
          branches.map((branch) => compare(own, branch, path, further)),
          path,
          { source, target },
        ),
      );
  }
  for (const branches of from.unions) {
    add(
      leastOf(
        branches.map((branch) => compare(branch, target, path, further)),
        path,
        { source, target },
      ),
    );
  }
  if (from.all.length === 0 && from.unions.length === 0 && to.all.some(({ schema }) => schema === false))
    add([{ path, expected: "nothing", got: "anything" }]);
  return found;
};

/** Of ways that are all open: none, when one of them fits; else what stands in the way of the one that is nearest. */
const leastOf = (
  ways: readonly (readonly Misfit[])[],
  path: Path,
  whole: { readonly source: SchemaPart; readonly target: SchemaPart },
): readonly Misfit[] => {
  if (ways.length === 0 || ways.some((way) => way.length === 0)) return [];
  const deeper = ways.filter((way) => !way.some((misfit) => isSame(misfit.path, path)));
  const [nearest] = deeper.toSorted((left, right) => left.length - right.length);
  return nearest ?? [{ path, expected: describeSchema(whole.target), got: describeSchema(whole.source) }];
};

const isSame = (left: Path, right: Path): boolean =>
  left.length === right.length && left.every((key, index) => key === right[index]);

const compareOwn = (
  source: SchemaPart,
  target: SchemaPart,
  path: Path,
  effort: Effort,
  sourceIsAlone: boolean,
  targetIsAlone: boolean,
): readonly Misfit[] => {
  const refusal: Misfit = { path, expected: describeSchema(target), got: describeSchema(source) };
  const { schema: from } = source;
  const { schema: to } = target;
  if (to === false) return [refusal];
  if (typeof from === "boolean" || typeof to === "boolean") return [];
  const values = valuesOf(from);
  if (values) return values.every((value) => refuses(to, value)) && values.length > 0 ? [refusal] : [];
  const [given, wanted] = [typesOf(from), typesOf(to)];
  if (given && wanted && !given.some((type) => wanted.some((other) => overlap(type, other)))) return [refusal];
  if (given?.length !== 1) return [];
  if (given[0] === "object") return compareObjects(source, target, path, effort, sourceIsAlone, targetIsAlone);
  return given[0] === "array" ? compareLists(source, target, path, effort) : [];
};

const overlap = (left: JsonType, right: JsonType): boolean => left === right || (isNumber(left) && isNumber(right));
const isNumber = (type: JsonType): boolean => type === "number" || type === "integer";

/** Whether the keywords refuse a value; patterns and formats are not looked at. */
const refuses = (schema: Readonly<Record<string, unknown>>, value: unknown): boolean => {
  const type = typeOf(value);
  const types = typesOf(schema);
  if (types && !types.some((other) => other === type || (other === "number" && type === "integer"))) return true;
  const values = valuesOf(schema);
  if (values && !values.some((other) => isEqual(other, value))) return true;
  if (typeof value === "number") {
    const { minimum, maximum } = schema;
    return (typeof minimum === "number" && value < minimum) || (typeof maximum === "number" && value > maximum);
  }
  if (typeof value === "string") {
    const { minLength, maxLength } = schema;
    // Lengths count code points.
    const length = minLength === undefined && maxLength === undefined ? 0 : Array.from(value).length;
    return (
      (typeof minLength === "number" && length < minLength) || (typeof maxLength === "number" && length > maxLength)
    );
  }
  return false;
};

const isEqual = (left: unknown, right: unknown): boolean => {
  if (left === right) return true;
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return false;
  const keys = Object.keys(left);
  return (
    Array.isArray(left) === Array.isArray(right) &&
    keys.length === Object.keys(right).length &&
    keys.every((key) => Object.hasOwn(right, key) && isEqual(Reflect.get(left, key), Reflect.get(right, key)))
  );
};

interface ObjectKeywords {
  readonly properties: Readonly<Record<string, unknown>>;
  readonly required: readonly unknown[];
  readonly hasPatterns: boolean;
  readonly additional: JsonSchema | undefined;
}

const objectKeywords = (schema: JsonSchema, isAlone: boolean): ObjectKeywords => {
  const { properties, required, patternProperties, additionalProperties } =
    typeof schema === "boolean" ? ({} as Readonly<Record<string, unknown>>) : schema;
  const additional = asSchema(additionalProperties);
  return {
    properties: isRecord(properties) ? properties : {},
    required: Array.isArray(required) ? required : [],
    hasPatterns: patternProperties !== undefined,
    // One that allows only what it names, next to others that name more, stands for what their author meant by all together.
    additional: additional === false && !isAlone ? undefined : additional,
  };
};

const compareObjects = (
  source: SchemaPart,
  target: SchemaPart,
  path: Path,
  effort: Effort,
  sourceIsAlone: boolean,
  targetIsAlone: boolean,
): readonly Misfit[] => {
  const given = objectKeywords(source.schema, sourceIsAlone);
  const wanted = objectKeywords(target.schema, targetIsAlone);
  const found: Misfit[] = [];
  const isDeclared = (keywords: ObjectKeywords, name: string): boolean => Object.hasOwn(keywords.properties, name);
  for (const name of wanted.required) {
    if (typeof name !== "string") continue;
    const isNever = isDeclared(given, name)
      ? given.properties[name] === false
      : given.additional === false && !given.hasPatterns;
    if (!isNever) continue;
    const expected = asSchema(wanted.properties[name]) ?? true;
    found.push({
      path: [...path, name],
      expected: describeSchema({ schema: expected, root: target.root }),
      got: "nothing",
    });
  }
  for (const [name, value] of Object.entries(given.properties)) {
    const schema = asSchema(value);
    if (schema === undefined || schema === false) continue;
    const part = { schema, root: source.root };
    const other = isDeclared(wanted, name) ? asSchema(wanted.properties[name]) : undefined;
    if (other !== undefined)
      found.push(...compare(part, { schema: other, root: target.root }, [...path, name], effort));
    else if (wanted.hasPatterns || wanted.additional === undefined) continue;
    else if (wanted.additional === false)
      found.push({ path: [...path, name], expected: "no such member", got: describeSchema(part) });
    else found.push(...compare(part, { schema: wanted.additional, root: target.root }, [...path, name], effort));
  }
  const isOpen = (keywords: ObjectKeywords): boolean =>
    Object.keys(keywords.properties).length === 0 && !keywords.hasPatterns;
  if (isOpen(given) && isOpen(wanted) && isRecord(given.additional) && isRecord(wanted.additional))
    found.push(
      ...compare(
        { schema: given.additional, root: source.root },
        { schema: wanted.additional, root: target.root },
        [...path, "*"],
        effort,
      ),
    );
  return found;
};

const compareLists = (source: SchemaPart, target: SchemaPart, path: Path, effort: Effort): readonly Misfit[] => {
  const { schema: from } = source;
  const { schema: to } = target;
  if (typeof from === "boolean" || typeof to === "boolean") return [];
  const found: Misfit[] = [];
  const { minItems: least, maxItems: most } = from;
  const { minItems: wantedLeast, maxItems: wantedMost } = to;
  if (typeof most === "number" && typeof wantedLeast === "number" && most < wantedLeast)
    found.push({ path, expected: `at least ${wantedLeast} items`, got: `at most ${most}` });
  if (typeof least === "number" && typeof wantedMost === "number" && least > wantedMost)
    found.push({ path, expected: `at most ${wantedMost} items`, got: `at least ${least}` });
  const first = schemasOf(from["prefixItems"]);
  const wantedFirst = schemasOf(to["prefixItems"]);
  const rest = asSchema(to["items"]) ?? true;
  for (const [index, schema] of first.entries()) {
    if (typeof most === "number" && index >= most) break;
    const wanted = wantedFirst[index] ?? rest;
    found.push(
      ...compare({ schema, root: source.root }, { schema: wanted, root: target.root }, [...path, index], effort),
    );
  }
  const items = asSchema(from["items"]);
  const hasItems = first.length === 0 && wantedFirst.length === 0 && most !== 0;
  if (hasItems && items !== undefined)
    found.push(
      ...compare({ schema: items, root: source.root }, { schema: rest, root: target.root }, [...path, "*"], effort),
    );
  return found;
};
