import { mkdirSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { findCgroups } from "./find-cgroups.ts";

/** A file system of cgroups, as far as it is files. */
const machine = async (
  mounts: readonly string[],
  groups: readonly string[],
  files: Readonly<Record<string, string>>,
) => {
  const root = await mkdtemp(join(tmpdir(), "agentcore-cgroups-"));
  onTestFinished(() => rm(root, { recursive: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const lines = mounts.map((line, index) => `${index + 30} 20 0:${index} ${line.replaceAll("ROOT", root)}`);
  writeFileSync(join(root, "mountinfo"), ["21 1 8:1 / / rw - ext4 /dev/vda rw", ...lines, ""].join("\n"));
  writeFileSync(join(root, "cgroup"), groups.join("\n"));
  return { root, found: findCgroups(root) };
};

const V2 = "/ ROOT/cg rw,nosuid - cgroup2 cgroup2 rw";
const v1 = (name: string, root = "/") => `${root} ROOT/cg/${name} rw - cgroup cgroup rw,${name}`;

test("of version 2 it takes its own group, or the nearest around it, that hands memory and pids down", async () => {
  const { root, found } = await machine([V2], ["0::/unit/leaf"], {
    "cg/unit/leaf/cgroup.procs": "1\n",
    "cg/unit/leaf/cgroup.subtree_control": "cpu memory pids\n",
  });
  expect(found).toEqual({ version: 2, folder: join(root, "cg/unit/leaf") });
});

test("what does not hand them down yet is told to; where that may not be, the reason is told", async () => {
  const { root, found } = await machine([V2], ["0::/unit"], {
    "cg/unit/cgroup.procs": "",
    "cg/unit/cgroup.subtree_control": "cpu",
  });
  expect(found).toEqual({ version: 2, folder: join(root, "cg/unit") });
  const { found: none } = await machine([V2], ["0::/unit"], { "cg/unit/other": "" });
  expect(none).toMatchObject({ version: null, reason: expect.stringContaining("cg/unit may not be written to") });
});

test("of version 1 each controller has a place of its own, and a container sees its own part of a hierarchy", async () => {
  const names = ["memory", "pids", "cpuacct", "cpu"];
  const files = Object.fromEntries(names.map((name) => [`cg/${name}/cgroup.procs`, ""]));
  const { root, found } = await machine(
    [...names.map((name) => v1(name, name === "memory" ? "/docker/abc" : "/")), V2],
    [...names.map((name, index) => `${index + 1}:${name}:${name === "memory" ? "/docker/abc" : "/"}`), "0::/"],
    files,
  );
  const place = (name: string) => join(root, "cg", name);
  expect(found).toEqual({
    version: 1,
    memory: place("memory"),
    pids: place("pids"),
    cpuacct: place("cpuacct"),
    cpu: place("cpu"),
  });
});

test("a machine without cgroups is one", async () => {
  expect(findCgroups("/no-such-folder")).toEqual({ version: null, reason: "this is no Linux with cgroups" });
  const { found } = await machine([], [], {});
  expect(found).toEqual({ version: null, reason: "no cgroup2 is mounted" });
});
