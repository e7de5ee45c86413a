/** Weights of tenants on a node that is full, as it is started and configured: `up --max-tasks`, keys, Tenant manifests. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { API_VERSION } from "@agentcore/contract";
import { expect, onTestFinished, test } from "vitest";
import { startNode } from "./start-node.ts";

const KEYS = { default: "operator-of-all-00001", gold: "operator-of-gold-0001", plain: "operator-of-plain-001" };
type Tenant = keyof typeof KEYS;

test("a node with room for two tasks begins those of two tenants by their weights", async () => {
  const folder = await mkdtemp(join(tmpdir(), "agentcore-shares-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const [order, code, gate] = [join(folder, "order.txt"), join(folder, "code"), join(folder, "open")];
  await writeFile(order, "");
  await mkdir(code);
  await writeFile(join(code, "package.json"), '{ "type": "module" }');
  await writeFile(
    join(code, "work.mjs"),
    `import { appendFile, access } from "node:fs/promises";
    const opened = async () => { while (await access(${JSON.stringify(gate)}).then(() => false, () => true)) await new Promise((r) => setTimeout(r, 5)); };
    export const work = { name: "work", description: "Works", version: "1", skills: [], labels: {}, tools: [], idempotent: false,
      subscribes: [], run: (task, ctx) => ctx.step("work", () => task.input === "holds" ? opened() : appendFile(${JSON.stringify(order)}, task.input + " ")) };`,
  );
  const node = await startNode({
    ...{ port: 0, dataDirectory: join(folder, "data"), codeRoots: [code], logLevel: "error", env: {}, maxTasks: 2 },
    apiKeys: Object.entries(KEYS).map(([tenant, key]) => `${key} role=operator tenant=${tenant}`),
  });
  onTestFinished(() => node.close(0));
  await node.ready;
  const post = async (as: Tenant, path: string, body: unknown): Promise<void> => {
    const headers = { authorization: `Bearer ${KEYS[as]}`, "content-type": "application/json" };
    const response = await fetch(`${node.url}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    expect([response.status, response.ok ? "" : await response.text()]).toEqual([response.status, ""]);
  };
  const submit = (as: Tenant, input: string) => post(as, "/api/v1/tasks", { target: "agent:work", input });
  const spec = { code: { path: join(code, "work.mjs"), export: "work" } };
  for (const tenant of ["gold", "plain"] as const)
    await post(tenant, "/api/v1/manifests", {
      apiVersion: API_VERSION,
      kind: "Agent",
      metadata: { name: "work" },
      spec,
    });
  const gold = { apiVersion: API_VERSION, kind: "Tenant", metadata: { name: "gold" }, spec: { weight: 4 } };
  await post("default", "/api/v1/manifests", gold);
  for (let index = 0; index < 2; index++) await submit("plain", "holds");
  for (let index = 0; index < 40; index++) {
    await submit("plain", "plain");
    await submit("gold", "gold");
  }
  await writeFile(gate, "");
  const begun = async () => (await readFile(order, "utf8")).trim().split(" ");
  await expect.poll(async () => (await begun()).length, { timeout: 20_000 }).toBe(80);
  const first = (await begun()).slice(0, 40);
  // 32 by weight; what two that run at once write may change places, and the first claims find one tenant's tasks alone.
  expect(Math.abs(first.filter((each) => each === "gold").length - 32)).toBeLessThanOrEqual(3);
});
