import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { formatTable } from "./format-table.ts";
import { Output } from "./output.ts";

const capture = ({ isTTY = false, environment = {} as Record<string, string>, columns = 80 } = {}) => {
  const written = { stdout: "", stderr: "" };
  const output = new Output({
    stdout: { write: (text) => (written.stdout += text) },
    stderr: { write: (text) => (written.stderr += text), isTTY, columns },
    environment,
  });
  return { output, written };
};

describe("formatTable", () => {
  test("aligns columns and marks what is missing", () => {
    expect(
      formatTable(
        ["name", "state"],
        [
          ["a", "working"],
          ["longer", undefined],
        ],
      ),
    ).toBe("NAME    STATE\na       working\nlonger  -");
  });

  test("says none without rows, and keeps control characters out", () => {
    expect(formatTable(["name"], [])).toBe("none");
    expect(formatTable(["name"], [["\u001b[2Jgone\u0007\nnext"]])).toBe("NAME\n[2Jgone next");
  });
});

describe("data", () => {
  const value = { id: "t1", tags: ["a", "b: c"], none: null };

  test("json and yaml of anybody's text hold no character that a terminal obeys, and read back as it", async () => {
    const hostile = { "\u009b2J": "\u001b]0;x\u0007\u009b31m\u007f\u202e\u2066 plain\nline", other: "plain" };
    for (const [format, read] of [
      ["json", (text: string) => JSON.parse(text) as unknown],
      ["yaml", (text: string) => parse(text) as unknown],
    ] as const) {
      const { output, written } = capture();
      await output.data(format, hostile, () => "");
      expect(read(written.stdout)).toEqual(hostile);
      expect(written.stdout.replaceAll("\n", "")).toMatch(/^[ -~]*$/);
    }
  });

  test("json and yaml read back as the value", async () => {
    const { output, written } = capture();
    await output.data("json", value, () => "table");
    expect(JSON.parse(written.stdout)).toEqual(value);
    written.stdout = "";
    await output.data("yaml", value, () => "table");
    expect(parse(written.stdout)).toEqual(value);
  });

  test("goes to stdout and talk to stderr", async () => {
    const { output, written } = capture();
    output.say("talk");
    await output.data("table", value, () => "data");
    expect(written).toEqual({ stdout: "data\n", stderr: "talk\n" });
  });
});

describe("progress", () => {
  test("is a line per change where there is no terminal", () => {
    const { output, written } = capture();
    for (const text of ["one", "one", "two"]) output.progress(text);
    output.hideProgress();
    expect(written.stderr).toBe("one\ntwo\n");
  });

  test("is one line that gives way to talk on a terminal", () => {
    const { output, written } = capture({ isTTY: true, environment: { NO_COLOR: "1" } });
    output.progress("one");
    output.say("talk");
    expect(written.stderr).toBe("\r\u001b[2Kone\r\u001b[2Ktalk\n");
  });

  test("never fills more than one line", () => {
    const { output, written } = capture({ isTTY: true, environment: { NO_COLOR: "1" }, columns: 10 });
    output.progress("a very long text");
    expect(written.stderr).toBe("\r\u001b[2Ka very l…");
  });

  test("has colour on a terminal only, and not with NO_COLOR", () => {
    const coloured = capture({ isTTY: true });
    coloured.output.say("bad", "red");
    expect(coloured.written.stderr).toBe("\u001b[31mbad\u001b[0m\n");
    for (const plain of [capture(), capture({ isTTY: true, environment: { NO_COLOR: "1" } })]) {
      plain.output.say("bad", "red");
      expect(plain.written.stderr).toBe("bad\n");
    }
  });
});

describe("blocks", () => {
  test("one takes the place of the other, as much of it as a screen holds", () => {
    let stdout = "";
    const output = new Output({
      stdout: { write: (text) => (stdout += String(text)), isTTY: true, columns: 10, rows: 5 },
      stderr: { write: () => undefined },
      environment: {},
    });
    expect(output.isTerminal).toBe(true);
    output.block("a long line of text\nb");
    expect(stdout).toBe("a long l…\nb\n");
    stdout = "";
    output.block("1\n2\n3\n4\n5");
    expect(stdout).toBe("\u001b[2A\r\u001b[J1\n2\n… 3 more\n");
  });
});
