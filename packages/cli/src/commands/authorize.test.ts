import { describe, expect, test } from "vitest";
import { startFakeNode } from "../../test/fake-node.ts";
import { runInTest } from "../../test/run-in-test.ts";

const SECRET = "s3cr3t-token-of-ann";

const authorize = async (words: readonly string[], more: Parameters<typeof runInTest>[1] = {}) => {
  const node = await startFakeNode({ tasks: [{ taskId: "t1", agent: "reader", state: "auth-required", events: [] }] });
  const ran = await runInTest(["authorize", "t1", ...words, "--url", node.url], more);
  return {
    ...ran,
    sent: node.requests.filter(({ method }) => method === "POST").map(({ path, body }) => ({ path, body })),
  };
};

describe("authorize", () => {
  test("takes a secret from a variable or from the standard input, and shows it nowhere", async () => {
    const byVariable = await authorize(["--credential-env", "TOKEN", "--expires", "1h", "--name", "github"], {
      environment: { TOKEN: SECRET },
    });
    expect(byVariable.sent).toEqual([
      {
        path: "/api/v1/tasks/t1/authorize",
        body: { name: "github", expiresInMs: 3_600_000, credential: { type: "bearer", value: SECRET } },
      },
    ]);
    expect(byVariable.stdout).toBe("granted access to github for t1\n");
    const byStdin = await authorize(["--credential-stdin", "--type", "apiKey"], { stdin: `${SECRET}\n` });
    expect(byStdin.sent[0]?.body).toEqual({ credential: { type: "apiKey", value: SECRET } });
    expect(byVariable.stdout + byVariable.stderr + byStdin.stdout + byStdin.stderr).not.toContain(SECRET);
  });

  test("grants without a secret, and refuses with a reason", async () => {
    expect((await authorize(["--without-credential"])).sent[0]?.body).toEqual({});
    const refused = await authorize(["--deny", "not today"]);
    expect(refused.sent[0]?.body).toEqual({ deny: "not today" });
    expect(refused.stdout).toBe("refused access for t1\n");
  });

  test("says which question is meant when told", async () => {
    const reference = "0f".repeat(16);
    expect((await authorize(["--without-credential", "--reference", reference])).sent[0]?.body).toEqual({ reference });
  });

  for (const [what, words, says] of [
    ["nothing said", [], /expected one of --credential-env/],
    ["two answers", ["--deny", "no", "--without-credential"], /got 2/],
    ["a variable that is not there", ["--credential-env", "NOT_THERE"], /has no NOT_THERE/],
    ["an empty standard input", ["--credential-stdin"], /standard input is empty/],
    ["another type", ["--credential-stdin", "--type", "cookie"], /--type: expected bearer/],
    ["a duration that is none", ["--without-credential", "--expires", "soon"], /--expires: expected/],
    ["an expiry of a refusal", ["--deny", "no", "--expires", "1h"], /--expires says nothing/],
  ] as const)
    test(`${what} is a wrong command line, and nothing is sent`, async () => {
      const ran = await authorize(words, { stdin: what === "another type" ? SECRET : "" });
      expect([ran.code, ran.sent]).toEqual([2, []]);
      expect(ran.stderr).toMatch(says);
    });
});
