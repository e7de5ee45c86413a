import { describe, expect, test } from "vitest";
import { command as apply } from "./commands/apply.ts";
import { command as get } from "./commands/get.ts";
import { command as run } from "./commands/run.ts";
import { command as up } from "./commands/up.ts";
import { parseCommandLine, splitVerb } from "./parse-command-line.ts";

describe("splitVerb", () => {
  test("finds the verb behind global options and their values", () => {
    expect(splitVerb(["--url", "http://a:1", "-o", "json", "get", "tasks"])).toEqual({
      verb: "get",
      rest: ["--url", "http://a:1", "-o", "json", "tasks"],
    });
  });

  test("an option written with = does not take the next word", () => {
    expect(splitVerb(["--url=http://a:1", "get"]).verb).toBe("get");
  });
});

describe("parseCommandLine", () => {
  test("an option wins over its variable, a variable over the default", () => {
    const port = (words: string[], environment: Record<string, string>) =>
      parseCommandLine(up, words, environment).options["port"];
    expect(port([], {})).toBe("4700");
    expect(port([], { AGENTCORE_PORT: "5000" })).toBe("5000");
    expect(port(["--port", "6000"], { AGENTCORE_PORT: "5000" })).toBe("6000");
    expect(port([], { AGENTCORE_PORT: "" })).toBe("4700");
  });

  test("the variable of a flag says true or false, and nothing else", () => {
    const isAllowed = (words: string[], value: string) =>
      parseCommandLine(up, words, { AGENTCORE_ALLOW_PRIVATE_WEBHOOKS: value }).options["allow-private-webhooks"];
    expect(isAllowed([], "true")).toBe(true);
    expect(isAllowed([], "1")).toBe(true);
    expect(isAllowed([], "false")).toBe(false);
    expect(isAllowed([], "0")).toBe(false);
    expect(isAllowed([], "")).toBe(false);
    expect(isAllowed(["--allow-private-webhooks"], "false")).toBe(true);
    expect(() => isAllowed([], "yes")).toThrow("AGENTCORE_ALLOW_PRIVATE_WEBHOOKS: expected true or false");
  });

  test("a repeatable option keeps every value in order", () => {
    expect(parseCommandLine(apply, ["-f", "a", "--file", "b"], {}).options["file"]).toEqual(["a", "b"]);
    expect(parseCommandLine(apply, [], {}).options["file"]).toEqual([]);
  });

  test.each([
    [["agents", "one", "two"], /unexpected argument "two"/],
    [[], /RESOURCE is missing/],
    [["cats"], /"cats" is not a RESOURCE: expected agents, workflows, tasks/],
    [["agents", "--frobnicate"], /Unknown option '--frobnicate'/],
    [["agents", "-o", "xml"], /expected table, json, yaml/],
    [["agents", "--url", "localhost:4700"], /expected an address/],
  ])("refuses %j", (words, message) => {
    expect(() => parseCommandLine(get, words, {})).toThrow(message);
  });

  test("--help needs no arguments", () => {
    expect(parseCommandLine(run, ["--help"], {}).wantsHelp).toBe(true);
  });
});
