import { defineConfig } from "vitest/config";

const resolve = { conditions: ["agentcore-source"] };
const ssr = { resolve };
const project = (name: string, include: string[], testTimeout = 20_000, exclude: string[] = [], more = {}) => ({
  resolve,
  ssr,
  test: {
    ...{
      name,
      include,
      exclude: ["**/node_modules/**", "**/dist/**", "packages/create-agentcore/templates/**", ...exclude],
    },
    ...{ testTimeout, hookTimeout: 60_000, ...more },
    // How long what is waited for may take: it costs nothing where it comes, and a second is soon over on a busy machine.
    expect: { poll: { timeout: 10_000 } },
  },
});
// Files share a process, and with it the modules they import and the code that has become fast, which is near half of what short ones take. So no
// module may hold state that a test can meet.
const sharing = { isolate: false };

export default defineConfig({
  test: {
    projects: [
      project(
        "unit",
        [
          "{packages,examples,scripts,test/histories,bench/{semantic-cache,tool-attacks,need-discovery,failure-modes}}/**/*.test.{ts,mjs}",
        ],
        20_000,
        ["**/*.int.test.ts"],
        // What a test puts in the place of something global, goes before the next.
        { ...sharing, restoreMocks: true, unstubEnvs: true },
      ),
      // On files of their own, so that any number may run at once.
      project("disk", ["packages/sqlite/**/*.int.test.ts"], 60_000),
      project("int", ["packages/**/*.int.test.ts"], 60_000, ["packages/sqlite/**"], sharing),
      project("e2e", ["test/e2e/**/*.e2e.ts"], 120_000),
      project("chaos", ["test/chaos/**/*.chaos.ts"], 900_000),
      project("model", ["test/model/*.model.ts"], 900_000),
    ],
  },
});
