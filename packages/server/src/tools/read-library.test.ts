import { mkdir, mkdtemp, realpath, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Reach, toolLibrary } from "@agentcore/sdk";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { type LibraryManifest, readLibrary } from "./read-library.ts";
import { openToolFolders } from "./tool-folders.ts";
import type { ToolRules } from "./tool-policy.ts";

const manifest = (options: Record<string, unknown>, name = "test"): LibraryManifest => ({
  apiVersion: "agentcore.dev/v1",
  kind: "Tool",
  metadata: { name: "it" },
  spec: { library: { name, options } },
});

const library = toolLibrary({
  name: "test",
  description: "Reaches what it is told",
  options: z.strictObject({
    kind: z.enum(["folder", "command", "address", "secret"]),
    value: z.string(),
    withSecret: z.boolean().optional(),
  }),
  reaches: ({ kind, value, withSecret }): Reach[] => [{ field: "value", kind, value, withSecret }],
  open: () => [],
});

const OPEN: ToolRules = { allowPrivate: false, commands: null, folders: null, libraries: [] };
const CLOSED: ToolRules = { allowPrivate: false, commands: [], folders: new Map(), libraries: [] };

const refusal = async (
  kind: Reach["kind"],
  value: string,
  rules = CLOSED,
  { tenantId = "default", ...more }: { tenantId?: string; withSecret?: boolean } = {},
): Promise<string | undefined> => {
  const read = readLibrary(tenantId, manifest({ kind, value, ...more }), rules, async () => library);
  const error = await read.then(
    () => undefined,
    (thrown) => thrown,
  );
  if (error === undefined) return undefined;
  expect(error).toMatchObject({ code: "INVALID_ARGUMENT", violations: [{ field: "spec.library.options.value" }] });
  return error.violations[0].description;
};

test("a library that there is not is told with those that are", async () => {
  await expect(readLibrary("default", manifest({}, "nonsense"), OPEN)).rejects.toMatchObject({
    violations: [
      { field: "spec.library.name", description: expect.stringMatching(/no library "nonsense".*calculator, code/) },
    ],
  });
});

test("options are held against the library's schema, and what does not fit is told by its field", async () => {
  await expect(readLibrary("default", manifest({ timeZone: "Mars" }, "dates"), OPEN)).rejects.toMatchObject({
    ...{ code: "INVALID_ARGUMENT", message: expect.stringContaining('tool "it"') },
    violations: [{ field: "spec.library.options.timeZone", description: expect.stringContaining("Europe/Oslo") }],
  });
  await expect(readLibrary("default", manifest({ zone: "UTC" }, "dates"), OPEN)).rejects.toMatchObject({
    violations: [{ field: "spec.library.options" }],
  });
  expect(await readLibrary("default", manifest({ timeZone: "Europe/Oslo" }, "dates"), OPEN)).toMatchObject({
    options: { timeZone: "Europe/Oslo" },
  });
});

test("programs are those that the operator has named", async () => {
  expect(await refusal("command", "wc")).toContain("--tool-command names: none");
  expect(await refusal("command", "wc", { ...CLOSED, commands: ["wc"] })).toBeUndefined();
  expect(await refusal("command", "wc", OPEN)).toBeUndefined();
});

test("folders are those that the operator has named, by where they really are, and of one tenant", async () => {
  const root = await realpath(await mkdtemp(join(tmpdir(), "agentcore-folders-")));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const [named, secret, acme] = [join(root, "named"), join(root, "named-not"), join(root, "acme")] as const;
  for (const folder of [join(named, "in"), secret, acme]) await mkdir(folder, { recursive: true });
  await symlink(secret, join(named, "out"));
  await symlink(named, join(root, "alias"));
  const rules = { ...CLOSED, folders: await openToolFolders([named, `acme=${acme}`]) };
  for (const path of [named, join(named, "in"), join(root, "alias", "in"), `${named}/in/../in`])
    expect(await refusal("folder", path, rules)).toBeUndefined();
  for (const path of [secret, join(named, "out"), `${named}/../named-not`, join(named, "absent"), root, acme, "/"])
    expect(await refusal("folder", path, rules)).toContain("--tool-folder names");
  expect(await refusal("folder", acme, rules, { tenantId: "acme" })).toBeUndefined();
  expect(await refusal("folder", named, rules, { tenantId: "acme" })).toContain("--tool-folder names");
  expect(await refusal("folder", "named", OPEN)).toBe("expected an absolute path");
  expect(await refusal("folder", "/anywhere", OPEN)).toBeUndefined();
  await expect(openToolFolders([join(root, "absent")])).rejects.toMatchObject({ code: "CONFIG_INVALID" });
});

test("addresses are judged as those of servers", async () => {
  expect(await refusal("address", "https://api.example.com/x")).toBeUndefined();
  expect(await refusal("address", "http://127.0.0.1:9000")).toBeUndefined();
  expect(await refusal("address", "http://10.1.2.3")).toContain("--allow-private-tools");
  expect(await refusal("address", "http://10.1.2.3", { ...CLOSED, allowPrivate: true })).toBeUndefined();
  expect(await refusal("address", "http://169.254.169.254", { ...OPEN, allowPrivate: true })).toContain("never called");
  expect(await refusal("address", "wss://api.example.com/x")).toBeUndefined();
  expect(await refusal("address", "ws://10.1.2.3")).toContain("--allow-private-tools");
  expect(await refusal("address", "ws://93.184.216.34", OPEN, { withSecret: true })).toContain("https");
  expect(await refusal("address", "https://user:pass@example.com")).toContain("no user or password");
  expect(await refusal("address", "file:///etc/passwd")).toContain("expected an http://");
  expect(await refusal("address", "http://93.184.216.34", OPEN, { withSecret: true })).toContain("https");
});

test("a manifest names the secrets of its tenant, and only what is named like one", async () => {
  expect(await refusal("secret", "DESK_TOKEN")).toBeUndefined();
  expect(await refusal("secret", "PATH")).toContain("…_KEY");
  expect(await refusal("secret", "AGENTCORE_ADMIN_KEY")).toContain("neither the platform's");
  expect(await refusal("secret", "DESK_TOKEN", OPEN, { tenantId: "acme" })).toContain("ACME__");
  expect(await refusal("secret", "ACME__DESK_TOKEN", OPEN, { tenantId: "acme" })).toBeUndefined();
});
