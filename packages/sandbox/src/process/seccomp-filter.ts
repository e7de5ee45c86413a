/**
 * A filter of system calls, as the kernel takes it (classic BPF over `struct seccomp_data`). What it refuses, an ordinary program does
 * without: making namespaces, looking into other processes, kernel modules, keys and clocks; and sockets of families that no network
 * namespace holds, such as those to the host of a virtual machine.
 */
import { type Architecture, type SystemCall, systemCallNumber } from "./system-calls.ts";

const REFUSED: readonly SystemCall[] = [
  ...(["ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "pidfd_getfd", "kcmp"] as const),
  ...(["keyctl", "add_key", "request_key", "bpf", "perf_event_open", "userfaultfd"] as const),
  ...(["io_uring_setup", "io_uring_enter", "io_uring_register"] as const),
  ...(["mount", "umount2", "pivot_root", "chroot", "unshare", "setns", "open_tree", "move_mount"] as const),
  ...(["fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr", "fanotify_init"] as const),
  ...(["kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module", "reboot"] as const),
  ...(["swapon", "swapoff", "acct", "syslog", "quotactl", "quotactl_fd", "personality"] as const),
  ...([
    "settimeofday",
    "clock_settime",
    "adjtimex",
    "clock_adjtime",
    "iopl",
    "ioperm",
    "modify_ldt",
    "uselib",
  ] as const),
  ...(["name_to_handle_at", "open_by_handle_at", "lookup_dcookie", "vhangup", "move_pages", "memfd_secret"] as const),
];
// Memory that is no process's own: where nothing but a process's own size can be bounded, there is none.
const SHARED_MEMORY: readonly SystemCall[] = ["memfd_create", "shmget"];

const AUDIT_ARCHITECTURE: Readonly<Record<Architecture, number>> = { x64: 0xc000003e, arm64: 0xc00000b7 };
// Where x86's other ABI begins, whose numbers would pass the table by.
const X32 = 0x40000000;
const EPERM = 1;
const ENOSYS = 38;
const EAFNOSUPPORT = 97;
// unix, inet, inet6, netlink (which asks for the addresses of interfaces).
const FAMILIES = [1, 2, 10, 16] as const;
// CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET.
const NEW_NAMESPACES = 0x7e020000;
const CLONE_THREAD = 0x10000;

// Opcodes: load a word, jump by comparison, return.
const LOAD = 0x20;
const JUMP_EQUAL = 0x15;
const JUMP_NOT_BELOW = 0x35;
const JUMP_ANY_BIT = 0x45;
const RETURN = 0x06;
// Where in `struct seccomp_data`. Both architectures have the low half of an argument first.
const NUMBER = 0;
const ARCHITECTURE = 4;
const FIRST_ARGUMENT = 16;

const ALLOW = 0x7fff0000;
const KILL = 0x80000000;
const refuse = (error: number): number => 0x00050000 | error;

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, value: number];

/** `onlyThreads`: no further process, and no memory outside of this one's. */
export const seccompFilter = (
  architecture: Architecture,
  { onlyThreads }: { readonly onlyThreads: boolean },
): Buffer => {
  const of = (name: SystemCall): number | null => systemCallNumber(name, architecture);
  /** Ends with what `names` come to; others go on. */
  const answer = (names: readonly SystemCall[], value: number): Instruction[] =>
    names.flatMap((name) => {
      const number = of(name);
      return number === null
        ? []
        : ([
            [JUMP_EQUAL, 0, 1, number],
            [RETURN, 0, 0, value],
          ] satisfies Instruction[]);
    });
  /** Of one call: runs `rules`, the last of which returns. */
  const only = (name: SystemCall, rules: readonly Instruction[]): Instruction[] => {
    const number = of(name);
    return number === null ? [] : [[JUMP_EQUAL, 0, rules.length, number], ...rules];
  };
  const program: Instruction[] = [
    [LOAD, 0, 0, ARCHITECTURE],
    [JUMP_EQUAL, 1, 0, AUDIT_ARCHITECTURE[architecture]],
    [RETURN, 0, 0, KILL],
    [LOAD, 0, 0, NUMBER],
    ...(architecture === "x64"
      ? ([
          [JUMP_NOT_BELOW, 0, 1, X32],
          [RETURN, 0, 0, KILL],
        ] satisfies Instruction[])
      : []),
    ...answer(REFUSED, refuse(EPERM)),
    // Its flags lie in memory, where a filter cannot look; without it everybody falls back to clone.
    ...answer(["clone3"], refuse(ENOSYS)),
    ...(onlyThreads ? answer(["fork", "vfork"], refuse(EPERM)) : []),
    ...(onlyThreads ? answer(SHARED_MEMORY, refuse(ENOSYS)) : []),
    ...only("clone", [
      [LOAD, 0, 0, FIRST_ARGUMENT],
      [JUMP_ANY_BIT, 0, 1, NEW_NAMESPACES],
      [RETURN, 0, 0, refuse(EPERM)],
      ...(onlyThreads
        ? ([
            [JUMP_ANY_BIT, 1, 0, CLONE_THREAD],
            [RETURN, 0, 0, refuse(EPERM)],
          ] satisfies Instruction[])
        : []),
      [RETURN, 0, 0, ALLOW],
    ]),
    ...only("socket", [
      [LOAD, 0, 0, FIRST_ARGUMENT],
      ...FAMILIES.flatMap((family): Instruction[] => [
        [JUMP_EQUAL, 0, 1, family],
        [RETURN, 0, 0, ALLOW],
      ]),
      [RETURN, 0, 0, refuse(EAFNOSUPPORT)],
    ]),
    [RETURN, 0, 0, ALLOW],
  ];
  const bytes = Buffer.alloc(program.length * 8);
  for (const [index, [code, ifTrue, ifFalse, value]] of program.entries()) {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(ifTrue, index * 8 + 2);
    bytes.writeUInt8(ifFalse, index * 8 + 3);
    bytes.writeUInt32LE(value >>> 0, index * 8 + 4);
  }
  return bytes;
};
