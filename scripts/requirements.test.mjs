// The table of requirements claims tests: each that it names is there, and each requirement that a test or a check names has its row.
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ALL_CHECKS } from "../packages/a2a/src/verify/all-checks.ts";
import { root } from "./toolchain.mjs";

const GATEWAY_CHECKS = "packages/server/src/gateway/a2a/verify.test.ts";
const LEGACY_BINDINGS = "packages/server/src/gateway/a2a/legacy-bindings.test.ts";

const read = (path) => readFileSync(join(root, path), "utf8");

const rows = [...read("docs/a2a-requirements.md").matchAll(/^\| `([^`]+)` \| (.*) \| (.*) \| (.*) \|$/gm)].map(
  ([, id, what, over, tests]) => ({ id, what, over, tests }),
);
const ids = rows.map(({ id }) => id);

/** Without the case of it. */
const baseOf = (id) => id.split("/")[0];

/** A name with backticks in it stands between two of them. */
const citationsOf = ({ id, tests }) => {
  const found = [...tests.matchAll(/`([^`]+)` › (?:`` (.+?) ``|`([^`]+)`)/g)];
  expect(found.length, id).toBe(tests.split("›").length - 1);
  return found.map(([, file, quoted, name]) => ({ file, name: quoted ?? name }));
};

/** A test's name, or that of a row of its table, is a string of its own in the file. */
const namesTest = (source, name) => ['"', "'", "`"].some((quote) => source.includes(`${quote}${name}${quote}`));

/** What there is nothing to look at for, at the gateway. */
const never = [
  ...read(GATEWAY_CHECKS)
    .match(/^const NEVER = \[\n([\s\S]*?)^\];/m)[1]
    .matchAll(/"([^"]+)"/g),
].map(([, place]) => place);

const BINDINGS = ["JSONRPC", "HTTP+JSON", "GRPC"];
const LETTERS = { JSONRPC: "J", "HTTP+JSON": "H", GRPC: "G" };

/** Where the checks of the id pass at the gateway, as the table writes it: "1.0 JHG". */
function checkedAt(id) {
  const places = ALL_CHECKS.filter((check) => baseOf(check.id) === id).flatMap((check) =>
    check.bindings.flatMap((binding) =>
      never.some((place) => `${check.id} ${binding}`.startsWith(place))
        ? []
        : check.versions.map((version) => ({ binding, version })),
    ),
  );
  return ["1.0", "0.3"].flatMap((version) => {
    const letters = BINDINGS.filter((binding) =>
      places.some((place) => place.binding === binding && place.version === version),
    ).map((binding) => LETTERS[binding]);
    return letters.length === 0 ? [] : [`${version} ${letters.join("")}`];
  });
}

test("every row names a test, or says why there is none", () => {
  expect(rows.length).toBeGreaterThan(150);
  const empty = rows.filter(
    (row) => citationsOf(row).length === 0 && !row.tests.startsWith("check") && !/not tested: .{10,}/.test(row.tests),
  );
  expect(empty.map(({ id }) => id)).toEqual([]);
});

test("no requirement has two rows", () => {
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
});

test("every test that the table names is in the file that it names", () => {
  const missing = rows.flatMap((row) =>
    citationsOf(row)
      .filter(({ file, name }) => !existsSync(join(root, file)) || !namesTest(read(file), name))
      .map(({ file, name }) => `${row.id}: ${file} › ${name}`),
  );
  expect(missing).toEqual([]);
});

test("a row that names a check is of one, and claims the bindings at which it passes and no others", () => {
  const wrong = rows.flatMap(({ id, over, tests }) => {
    if (!tests.startsWith("check")) return [];
    if (!ALL_CHECKS.some((check) => baseOf(check.id) === id)) return [`${id}: there is no such check`];
    const places = checkedAt(id);
    if (tests.includes(LEGACY_BINDINGS)) places.push("0.3 JHG");
    const expected = places.join(", ") || "pages";
    return over === expected ? [] : [`${id}: over ${over}, expected ${expected}`];
  });
  expect(wrong).toEqual([]);
});

test("every check has its row", () => {
  const known = new Set(ids);
  expect([...new Set(ALL_CHECKS.map(({ id }) => baseOf(id)))].filter((id) => !known.has(id))).toEqual([]);
});

test("every requirement that the name of a test begins with has its row", () => {
  const pattern = /["'`]((?:BIND|CORE|DM|VER|CARD|STREAM|PUSH)-[A-Z-]+-\d+[a-z]?(?:, [A-Z-]+-\d+[a-z]?)*)[.:,]/g;
  const named = globSync("packages/*/src/**/*.test.ts", { cwd: root }).flatMap((file) =>
    [...read(file).matchAll(pattern)].flatMap(([, list]) => list.split(", ")),
  );
  expect(named.length).toBeGreaterThan(30);
  expect([...new Set(named)].filter((id) => !ids.includes(id))).toEqual([]);
});
