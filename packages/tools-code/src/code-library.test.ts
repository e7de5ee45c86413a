import { expect, test } from "vitest";
import { codeLibrary } from "./index.ts";

const judge = async (options: unknown) => {
  const judged = await codeLibrary.options["~standard"].validate(options);
  return judged.issues?.map(({ path = [], message }) => [path.map(String).join("."), message]) ?? [];
};

const surroundings = {
  tenantId: "acme",
  secret: () => "",
  fetch,
  webSocket: () => Promise.reject(new Error("nothing is connected to here")),
  embed: () => Promise.reject(new Error("no models here")),
  signal: new AbortController().signal,
  onClose: () => undefined,
};

test("what is to be run is named, and its limits are those that there are", async () => {
  expect(await judge({})).toEqual([["", expect.stringContaining("javascript, python and programs")]]);
  expect(await judge({ javascript: { limits: { processes: 2 } } })).toEqual([
    ["javascript.limits", expect.stringContaining("processes")],
  ]);
  expect(await judge({ programs: { names: [] } })).toEqual([["programs.names", expect.any(String)]]);
  expect(await judge({ programs: { names: ["wc"], limits: { network: "host" } } })).toEqual([
    ["programs.limits", expect.stringContaining("network")],
  ]);
});

test("it gives the tools of what is named, with what is asked of all of them", async () => {
  const tools = await codeLibrary.open(
    { javascript: { limits: { cpuMs: 500 } }, python: {}, approval: "always", permission: "code:run" },
    surroundings,
  );
  expect(tools).toMatchObject([
    { name: "run_javascript", approval: "always", permission: "code:run" },
    { name: "run_python", approval: "always" },
  ]);
});

test("its programs and their folder are for the operator to allow", () => {
  const options = { programs: { names: ["wc", "jq"], folder: { path: "/srv/reports", access: "read-only" as const } } };
  expect(codeLibrary.reaches?.(options)).toEqual([
    { field: "programs.names[0]", kind: "command", value: "wc" },
    { field: "programs.names[1]", kind: "command", value: "jq" },
    { field: "programs.folder.path", kind: "folder", value: "/srv/reports" },
  ]);
});
