import fc from "fast-check";
import { expect, test } from "vitest";
import { seccompFilter } from "./seccomp-filter.ts";
import { type Architecture, type SystemCall, systemCallNumber } from "./system-calls.ts";

const AUDIT = { x64: 0xc000003e, arm64: 0xc00000b7 };
const ALLOW = 0x7fff0000;
const KILL = 0x80000000;
const refused = (error: number) => 0x50000 + error;

/** What the kernel does with a filter. */
const judge = (filter: Buffer, call: { number: number; architecture: number; argument?: number }): number => {
  let loaded = 0;
  for (let at = 0; at < filter.length / 8; at++) {
    const [code, ifTrue, ifFalse] = [
      filter.readUInt16LE(at * 8),
      filter.readUInt8(at * 8 + 2),
      filter.readUInt8(at * 8 + 3),
    ];
    const value = filter.readUInt32LE(at * 8 + 4);
    if (code === 0x06) return value;
    if (code === 0x20) loaded = value === 0 ? call.number : value === 4 ? call.architecture : (call.argument ?? 0);
    else {
      const holds = code === 0x15 ? loaded === value : code === 0x35 ? loaded >= value : (loaded & value) !== 0;
      at += holds ? ifTrue : ifFalse;
    }
  }
  throw new Error("it ran past its end");
};

const ask = (architecture: Architecture, name: SystemCall, argument = 0, onlyThreads = false): number | null => {
  const number = systemCallNumber(name, architecture);
  const filter = seccompFilter(architecture, { onlyThreads });
  return number === null ? null : judge(filter, { number, architecture: AUDIT[architecture], argument });
};

test.each(["x64", "arm64"] as const)(
  "on %s it refuses what reaches into the kernel or other processes",
  (architecture) => {
    for (const name of [
      "ptrace",
      "unshare",
      "setns",
      "mount",
      "bpf",
      "keyctl",
      "io_uring_setup",
      "userfaultfd",
    ] as const)
      expect([name, ask(architecture, name)]).toEqual([name, refused(1)]);
    expect(ask(architecture, "clone3")).toBe(refused(38));
    expect(ask(architecture, "memfd_create")).toBe(ALLOW);
    for (const namespace of [0x20000, 0x10000000, 0x40000000])
      expect(ask(architecture, "clone", namespace | 17)).toBe(refused(1));
    expect(ask(architecture, "clone", 17)).toBe(ALLOW);
  },
);

test.each(["x64", "arm64"] as const)("on %s sockets are of families that a network namespace holds", (architecture) => {
  for (const family of [1, 2, 10, 16]) expect(ask(architecture, "socket", family)).toBe(ALLOW);
  for (const family of [17, 38, 40]) expect(ask(architecture, "socket", family)).toBe(refused(97));
});

test.each(["x64", "arm64"] as const)(
  "on %s what may only have threads has no process and no memory beside its own",
  (architecture) => {
    const threads = 0x3d0f00;
    expect(ask(architecture, "clone", threads, true)).toBe(ALLOW);
    expect(ask(architecture, "clone", 17, true)).toBe(refused(1));
    expect(ask(architecture, "memfd_create", 0, true)).toBe(refused(38));
    for (const name of ["fork", "vfork"] as const)
      expect([refused(1), null]).toContain(ask(architecture, name, 0, true));
  },
);

test("any other architecture, and x86's other numbers, end the process; any other call passes", () => {
  const filter = seccompFilter("x64", { onlyThreads: true });
  expect(judge(filter, { number: 0, architecture: 0x40000003 })).toBe(KILL);
  expect(judge(filter, { number: 0x40000000, architecture: AUDIT.x64 })).toBe(KILL);
  fc.assert(
    fc.property(fc.nat(0x3fffffff), fc.nat(0xffffffff), (number, argument) => {
      const said = judge(filter, { number, architecture: AUDIT.x64, argument });
      return said === ALLOW || (said & 0xffff0000) === 0x50000;
    }),
  );
  expect(judge(filter, { number: 59, architecture: AUDIT.x64 })).toBe(ALLOW);
});
