import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PlatformError } from "@agentcore/contract";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startNode } from "../start-node.ts";
import { readModelPrices } from "./read-model-prices.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "model-prices-"));
});
afterAll(() => rm(folder, { recursive: true }));

const write = async (name: string, text: string): Promise<string> => {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
};

test("prices of a file go before the built-in ones", async () => {
  const price = { input: 1, output: 2 };
  const path = await write(
    "own.json",
    JSON.stringify({ asOf: "2026-11-01", models: { openai: { "gpt-5": { price } } } }),
  );
  const table = await readModelPrices(path);
  expect(table.get("openai")?.get("gpt-5")).toEqual({ price, asOf: "2026-11-01" });
  expect(table.get("openai")?.has("gpt-5-mini")).toBe(true);
});

test("a file that is not there, or too large, is named", async () => {
  await expect(readModelPrices(join(folder, "none.json"))).rejects.toMatchObject({
    ...{ code: "CONFIG_INVALID", message: expect.stringContaining("none.json: it cannot be read") as string },
  });
  const large = await write("large.json", " ".repeat(5_000_000));
  await expect(readModelPrices(large)).rejects.toThrow("has 5000000 bytes, at most 4194304 are read");
});

test("a node with a wrong one does not start, and says what is wrong where", async () => {
  const path = await write("wrong.json", JSON.stringify({ asOf: "2026-11-01", models: { openai: { a: {} } } }));
  const options = { host: "127.0.0.1", port: 0, dataDirectory: join(folder, "data"), modelPricesFile: path };
  const error: unknown = await startNode(options).catch((caught: unknown) => caught);
  expect(PlatformError.is(error) && error.code).toBe("CONFIG_INVALID");
  expect(String(error)).toContain("wrong.json: models.openai.a.price: ");
});
