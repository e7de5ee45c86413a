/** A program that reaches named hosts: what it reaches, and each way to something else, which fails. */
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { createSandbox } from "../create-sandbox.ts";
import { openProgramSandbox } from "../open-program-sandbox.ts";
import type { ProgramOptions } from "../run-program.ts";

let port: number;
const server = createServer((request, response) => answer(request, response));
let answer: RequestListener = (request, response) => void response.end(`${request.headers.host}${request.url}`);
beforeAll(async () => {
  await once(server.listen(0, "127.0.0.1"), "listening");
  ({ port } = server.address() as AddressInfo);
});
afterAll(async () => {
  await sandbox.close();
  server.close();
  server.closeAllConnections();
});

// Every name is this machine, which is a place to go to in these tests.
const sandbox = createSandbox({
  hostPolicy: {
    allowLoopback: true,
    lookup: (_name, _options, callback) => callback(null, [{ address: "127.0.0.1", family: 4 }]),
  },
});

const run = (argv: readonly string[], hosts: readonly string[], more: ProgramOptions = {}) =>
  sandbox.runProgram(argv, { ...more, limits: { ...more.limits, network: { hosts: [...hosts] } } });
const node = (code: string, hosts: readonly string[], more: ProgramOptions = {}) =>
  run([process.execPath, "--input-type=module", "-e", code], hosts, {
    ...more,
    readable: [process.execPath],
    limits: { memoryBytes: 512 * 2 ** 20, ...more.limits },
  });

test("programs that know of proxies get an answer of a host that is named, and the others' are told", async () => {
  const code = `
    const said = await fetch("http://api.example:${port}/fetched").then((response) => response.text());
    const { get } = await import("node:http");
    const old = await new Promise((done) => get("http://api.example:${port}/old", (response) => response.setEncoding("utf8").on("data", done)));
    const refused = (error) => /403/.test(error.cause?.cause?.message ?? error.cause?.message) ? "refused" : error;
    const others = [];
    for (const other of ["http://evil.example:${port}/", "https://evil.example/"]) others.push(await fetch(other).catch(refused));
    console.log(JSON.stringify([said, old, ...others]));`;
  const said = await node(code, [`api.example:${port}`]);
  expect([said.stderr, said.exitCode]).toEqual(["", 0]);
  const expected = ["fetched", "old"].map((path) => `api.example:${port}/${path}`);
  expect(JSON.parse(said.stdout)).toEqual([...expected, "refused", "refused"]);
  expect(said.refusedHosts?.map(({ host, port: of }) => `${host}:${of}`)).toEqual([
    ...[`evil.example:${port}`, "evil.example:443"],
  ]);
});

// Debian's; where there is none, fetch above shows the same.
test.runIf(existsSync("/usr/bin/curl"))("so does curl, by the same variables, in a tunnel too", async () => {
  const url = `http://api.example:${port}/curl`;
  const words = ["-c", `curl -s ${url}; curl -sp ${url}; curl -s -o /dev/null -w ' %{http_code}' http://evil.example/`];
  const said = await run(["sh", ...words], [`api.example:${port}`]);
  expect(said.stdout).toBe(`api.example:${port}/curlapi.example:${port}/curl 403`);
});

test("nothing else is reached: by TCP, by UDP, by a name, or by what is mounted", async () => {
  const code = `
    import { connect } from "node:net"; import { createSocket } from "node:dgram"; import { lookup } from "node:dns/promises";
    import { networkInterfaces } from "node:os"; import { readFileSync } from "node:fs";
    const tcp = (host, port) => new Promise((done) => connect({ host, port, timeout: 3000 }).on("connect", () => done("open"))
      .on("timeout", () => done("timeout")).on("error", ({ code }) => done(code)));
    const udp = (host) => new Promise((done) => {
      const socket = createSocket("udp4").on("error", ({ code }) => done(code)).on("message", () => done("answered"));
      socket.send(Buffer.from("0001010000010000000000000000000000010001", "hex"), 53, host, (error) => error && done(error.code));
      setTimeout(() => done("silence"), 1000);
    });
    console.log(JSON.stringify({
      node: await tcp("127.0.0.1", ${port}), metadata: await tcp("169.254.169.254", 80), address: await tcp("192.0.2.1", 443),
      six: await tcp("::1", ${port}), dns: await udp("8.8.8.8"), own: await udp("127.0.0.53"),
      name: await lookup("api.example").then(() => "found", ({ code }) => code),
      interfaces: Object.keys(networkInterfaces()),
      resolv: (() => { try { return readFileSync("/etc/resolv.conf", "utf8"); } catch ({ code }) { return code; } })(),
    }));
    process.exit();`;
  const said = await node(code, ["api.example"]);
  expect(JSON.parse(said.stdout)).toEqual({
    ...{ node: "ECONNREFUSED", metadata: "ENETUNREACH", address: "ENETUNREACH", six: "ECONNREFUSED" },
    ...{ dns: "ENETUNREACH", own: expect.stringMatching(/silence|ECONNREFUSED/) },
    ...{ name: expect.stringMatching(/EAI_AGAIN|ENOTFOUND/), interfaces: ["lo"], resolv: "ENOENT" },
  });
});

test("the proxy gives no way round: addresses, other names and ports, and names that lead to this machine", async () => {
  const strict = createSandbox();
  onTestFinished(() => strict.close());
  const code = `
    import { connect } from "node:net";
    const { port } = new URL(process.env.HTTPS_PROXY);
    const ask = (target) => new Promise((done) => {
      let text = "";
      const socket = connect(port, "127.0.0.1", () => socket.write("CONNECT " + target + " HTTP/1.1\\r\\nhost: x\\r\\n\\r\\n"));
      socket.setEncoding("utf8").on("data", (piece) => (text += piece)).on("close", () => done(text.slice(9, 12) + " " + (text.split("\\r\\n\\r\\n")[1] ?? "").trim()));
    });
    for (const target of ${JSON.stringify([`127.0.0.1:${port}`, "169.254.169.254:80", "evil.example:443", "localhost:22", `localhost:${port}`])})
      console.log(await ask(target));`;
  const said = await strict.runProgram([process.execPath, "--input-type=module", "-e", code], {
    readable: [process.execPath],
    limits: { memoryBytes: 512 * 2 ** 20, network: { hosts: ["api.example", `localhost:${port}`] } },
  });
  const lines = said.stdout.trim().split("\n");
  expect(lines.map((line) => line.slice(0, 3))).toEqual(["403", "403", "403", "403", "403"]);
  expect(lines[3]).toContain("localhost:22 is refused: it is not among the hosts");
  expect(lines[4]).toContain("is refused: it is this machine, which is called only with the sandbox's hostPolicy");
  expect(said.refusedHosts?.length).toBe(5);
});

const PROBE = `grep -E '^(Sig|Threads|NoNewPrivs|Seccomp|Cap)' /proc/self/status | grep -v SigQ; for fd in 0 1 2 3 4 5 6 7 8 9 10 11 12; do [ -e /proc/$$/fd/$fd ] && echo fd $fd; done; id -u; cat /proc/1/comm; set -- /proc/[0-9]*; echo $# processes; ulimit -n; ulimit -u`;

test("a program finds itself as it would without a network: signals, descriptors, rights, processes, and how it ends", async () => {
  const plain = await sandbox.runProgram(["sh", "-c", PROBE]);
  const behind = await run(["sh", "-c", PROBE], ["api.example"]);
  expect(behind.stdout).toBe(plain.stdout);
  expect(plain.stdout).toContain("SigIgn:\t0000000000000000");
  expect(await run(["sh", "-c", "cat; exit 3"], ["api.example"], { stdin: "in" })).toMatchObject({
    ...{ exitCode: 3, stdout: "in" },
  });
  expect(await run(["sh", "-c", "kill -9 $$"], ["api.example"])).toMatchObject({ exitCode: 137 });
  const missing = await run(["no-such-program"], ["api.example"]);
  expect(missing).toMatchObject({ exitCode: 127, stderr: expect.stringContaining("no-such-program") });
  const { stdout } = await run(["sh", "-c", "cat /proc/*/cmdline | tr '\\0' ' '; env"], ["api.example"], {
    environment: { HTTPS_PROXY: "http://elsewhere.example", NODE_OPTIONS: "--require ./no.js", SECRET: "kept" },
  });
  expect(stdout).toContain("SECRET=kept");
  expect(stdout).toContain("NODE_OPTIONS=--require ./no.js");
  expect(stdout).not.toMatch(/elsewhere|NODE_CHANNEL_FD/);
  // What lies on a command line outside is seen by all accounts.
  expect(stdout.match(/SECRET=kept/g)?.length).toBe(1);
});

test("limits hold: time on the wall and of the processor from its own beginning, memory, output, and a signal", async () => {
  const hosts = ["api.example"];
  const slow = await run(["sleep", "5"], hosts, { limits: { wallMs: 300 } });
  expect(slow).toMatchObject({ limit: "wallMs", exitCode: 137 });
  expect(slow.usage.wallMs).toBeLessThan(4_000);
  expect(await run(["sh", "-c", "while :; do :; done"], hosts, { limits: { cpuMs: 100 } })).toMatchObject({
    limit: "cpuMs",
  });
  expect(await run(["sh", "-c", "yes"], hosts)).toMatchObject({ limit: "outputBytes" });
  const hoard = await run(["sh", "-c", "head -c 90000000 /dev/zero | tail"], hosts, {
    limits: { memoryBytes: 64 * 2 ** 20 },
  });
  expect(hoard.limit).toBe("memoryBytes");
  // With the least that there may be.
  const least = { memoryBytes: 64 * 2 ** 20, processes: 8, cpuMs: 10, fileBytes: 0 };
  expect(await run(["true"], hosts, { limits: least })).toMatchObject({ exitCode: 0 });
  for (const [name, value] of [
    ["memoryBytes", 63 * 2 ** 20],
    ["processes", 7],
  ] as const)
    await expect(run(["true"], hosts, { limits: { [name]: value } })).rejects.toThrow(`limits.${name}`);
  await expect(run(["true"], ["10.0.0.1"])).rejects.toThrow("limits.network.hosts[0]: expected the name of a host");
  const stop = new AbortController();
  const stopped = run(["sleep", "60"], hosts, { signal: stop.signal });
  stop.abort(new Error("no more"));
  await expect(stopped).rejects.toThrow("no more");
});

test("when it ends its connections do, also those to what it reached, and nothing listens on", async () => {
  const asked = new Promise<void>((resolve) => {
    const before = answer;
    onTestFinished(() => {
      answer = before;
    });
    answer = (request) => {
      request.socket.once("close", () => resolve());
      programs.kill();
    };
  });
  const { start } = await openProgramSandbox();
  // What came as a handle is a socket here, though it listens.
  const held = () => process.getActiveResourcesInfo().filter((kind) => kind.startsWith("TCP")).length;
  const before = held();
  const code = `fetch("http://api.example:${port}/"); setTimeout(() => {}, 60000);`;
  const refused: string[] = [];
  const programs = start({
    ...{ argv: [process.execPath, "-e", code], directory: "/tmp", environment: { PATH: "/usr/bin" }, mark: {} },
    ...{ readable: [{ from: process.execPath, to: process.execPath }], writable: [] },
    limits: {
      memoryBytes: 2 ** 29,
      cpuMs: 10_000,
      fileBytes: 2 ** 20,
      processes: 64,
      network: { hosts: [`api.example:${port}`] },
    },
    hostPolicy: {
      allowLoopback: true,
      lookup: (_n, _o, callback) => callback(null, [{ address: "127.0.0.1", family: 4 }]),
    },
    onRefusedHost: ({ host }) => refused.push(host),
  });
  programs.stdin.end();
  programs.stdout.resume();
  programs.stderr.resume();
  expect(await programs.ended).toMatchObject({ exitCode: 137 });
  await asked;
  await expect.poll(held).toBe(before);
  expect(refused).toEqual([]);
});

test("one that is ended before it began has ended, and one that cannot begin says so", async () => {
  const { start } = await openProgramSandbox();
  const program = {
    ...{ argv: ["/bin/true"], directory: "/tmp", environment: {}, readable: [], writable: [], mark: {} },
    limits: {
      memoryBytes: 2 ** 27,
      cpuMs: 10_000,
      fileBytes: 2 ** 20,
      processes: 8,
      network: { hosts: ["api.example"] },
    },
  };
  const stopped = start(program);
  for (const stream of [stopped.stdout, stopped.stderr]) stream.resume();
  stopped.kill();
  expect(await stopped.ended).toMatchObject({ exitCode: 137 });
  // No folder to begin in.
  const broken = start({ ...program, directory: "/nowhere" });
  for (const stream of [broken.stdout, broken.stderr]) stream.resume();
  await expect(broken.ended).rejects.toMatchObject({ code: "SANDBOX_UNAVAILABLE" });
});
