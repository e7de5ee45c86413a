import { defineConfig } from "vitest/config";

const resolve = { conditions: ["agentcore-source"] };
const ssr = { resolve };
const project = (name: string, include: string[], testTimeout = 20_000, exclude: string[] = []) => ({
  resolve,
  ssr,
  test: { name, include, exclude: ["**/node_modules/**", "**/dist/**", ...exclude], testTimeout, hookTimeout: 60_000 },
});

export default defineConfig({
  test: {
    projects: [
      project("unit", ["{packages,examples,scripts,test/histories,bench/semantic-cache}/**/*.test.{ts,mjs}"], 20_000, [
        "**/*.int.test.ts",
      ]),
      // On files of their own, so that any number may run at once.
      project("disk", ["packages/sqlite/**/*.int.test.ts"], 60_000),
      project("int", ["packages/**/*.int.test.ts"], 60_000, ["packages/sqlite/**"]),
      project("e2e", ["test/e2e/**/*.e2e.ts"], 120_000),
      project("chaos", ["test/chaos/**/*.chaos.ts"], 900_000),
      project("model", ["test/model/*.model.ts"], 900_000),
    ],
  },
});
