/** From the options of `up` and `dev` to those of a node. */
import { readFile } from "node:fs/promises";
import { delimiter, resolve } from "node:path";
import { failure } from "../failure.ts";
import { UsageError } from "../usage-error.ts";
import type { NodeOptions } from "./node-options.ts";
import { readEncryptionKeys } from "./read-encryption-keys.ts";
import { readSecretFile } from "./read-secret-file.ts";
import type { ServeInvocation } from "./serve-options.ts";

/** Throws a UsageError, or CONFIG_INVALID for a file of keys that is none. */
export const readNodeOptions = async ({
  options,
  cwd,
  globals,
  environment,
}: ServeInvocation): Promise<NodeOptions> => {
  const port = readPort("--port", options.port);
  const fromFile =
    options["api-key-file"] === undefined ? [] : await readKeyFile(resolve(cwd, options["api-key-file"]));
  const keysFile = options["encryption-keys"];
  const given = (options["api-keys"] ?? "").split(",").map((key) => key.trim());
  return {
    host: options.host,
    port,
    grpcPort: options["grpc-port"] === undefined ? undefined : readPort("--grpc-port", options["grpc-port"]),
    grpcPublicAddress: readGrpcAddress(options["grpc-public-address"], options["grpc-port"]),
    tls: readTls(options, cwd),
    publicUrl: options["public-url"],
    dataDirectory: resolve(cwd, options.data),
    database: readDatabase(options.database),
    leaseMs: readLease(options["lease-ms"], options.database),
    gcIntervalMs: readInterval(options["gc-interval-ms"]),
    memoryEmbedder: options["memory-embedder"],
    node: options.node,
    maxTasks: readMaxTasks(options["max-tasks"]),
    apiKeys: [...fromFile, ...given].filter((key) => key !== ""),
    authFile: options.auth === undefined ? undefined : resolve(cwd, options.auth),
    encryptionKeys: await readEncryptionKeys(keysFile === undefined ? undefined : resolve(cwd, keysFile), environment),
    cardSigningKeys: await Promise.all(
      pathsOf(options["card-signing-key"]).map((path) => readSecretFile(resolve(cwd, path))),
    ),
    codeRoots: pathsOf(options["code-root"]).map((path) => resolve(cwd, path)),
    modelPricesFile: options["model-prices"] === undefined ? undefined : resolve(cwd, options["model-prices"]),
    allowPrivateModels: options["allow-private-models"],
    recording: readRecording(options, cwd),
    allowPrivateWebhooks: options["allow-private-webhooks"],
    allowPrivateAgents: options["allow-private-agents"],
    allowPrivateTools: options["allow-private-tools"],
    toolCommands: readToolCommands(options["tool-command"]),
    toolLibraries: pathsOf(options["tool-library"])
      .filter((path) => path !== "")
      .map((path) => resolve(cwd, path)),
    toolFolders: readToolFolders(options["tool-folder"], cwd),
    logLevel: globals.verbose ? "debug" : "warn",
  };
};

const readToolCommands = (given: readonly string[]): NodeOptions["toolCommands"] => {
  const commands = given
    .flatMap((each) => each.split(","))
    .map((each) => each.trim())
    .filter((each) => each !== "");
  return commands.length === 0 ? undefined : commands;
};

const readToolFolders = (given: readonly string[], cwd: string): NodeOptions["toolFolders"] => {
  const folders = pathsOf(given).filter((entry) => entry !== "");
  if (folders.length === 0) return undefined;
  return folders.map((entry) => {
    const [, tenant, path = entry] = /^([a-z0-9][a-z0-9-]{0,62}=)(.+)$/s.exec(entry) ?? [];
    return `${tenant ?? ""}${resolve(cwd, path)}`;
  });
};

/** Several in one, as in PATH. */
const pathsOf = (given: readonly string[]): readonly string[] => given.flatMap((paths) => paths.split(delimiter));
const readPort = (option: string, text: string): number => {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535)
    throw new UsageError(`${option} ${text}: expected a number from 0 to 65535`);
  return port;
};

const readGrpcAddress = (text: string | undefined, grpcPort: string | undefined): string | undefined => {
  if (text === undefined) return undefined;
  if (grpcPort === undefined) throw new UsageError("--grpc-public-address needs --grpc-port");
  // No scheme: it is what gRPC's clients take as a target, with TLS and without.
  if (!/^([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]):\d{1,5}$/.test(text))
    throw new UsageError(`--grpc-public-address ${text}: expected HOST:PORT, such as agents.example.com:443`);
  return text;
};

const readTls = (
  options: Pick<ServeInvocation["options"], "tls-cert" | "tls-key" | "tls-client-ca">,
  cwd: string,
): NodeOptions["tls"] => {
  const { "tls-cert": cert, "tls-key": key, "tls-client-ca": clientCa } = options;
  if (cert === undefined && key === undefined) {
    if (clientCa !== undefined) throw new UsageError("--tls-client-ca needs --tls-cert and --tls-key");
    return undefined;
  }
  if (cert === undefined || key === undefined)
    throw new UsageError(cert === undefined ? "--tls-key needs --tls-cert" : "--tls-cert needs --tls-key");
  return {
    cert: resolve(cwd, cert),
    key: resolve(cwd, key),
    clientCa: clientCa === undefined ? undefined : resolve(cwd, clientCa),
  };
};

/** Throws a UsageError for an address that is none. */
export const readDatabase = (url: string | undefined): string | undefined => {
  // The value may hold a password, so it is not repeated.
  if (url !== undefined && !/^postgres(ql)?:\/\//.test(url))
    throw new UsageError("--database: expected postgres://user:password@host:port/name");
  return url;
};

const readRecording = (
  { record, replay }: Pick<ServeInvocation["options"], "record" | "replay">,
  cwd: string,
): NodeOptions["recording"] => {
  if (record !== undefined && replay !== undefined)
    throw new UsageError("--record and --replay exclude each other (AGENTCORE_RECORD, AGENTCORE_REPLAY)");
  if (record !== undefined) return { mode: "record", directory: resolve(cwd, record) };
  return replay === undefined ? undefined : { mode: "replay", directory: resolve(cwd, replay) };
};

const readLease = (text: string | undefined, database: string | undefined): number | undefined => {
  if (text === undefined) return undefined;
  // Where one process has the file, there is no lease to set.
  if (database === undefined) throw new UsageError("--lease-ms needs --database");
  const ms = Number(text);
  if (!/^\d+$/.test(text) || ms < 500 || ms > 600_000)
    throw new UsageError(`--lease-ms ${text}: expected milliseconds from 500 to 600000`);
  return ms;
};

const readMaxTasks = (text: string): number => {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < 1 || count > 100_000)
    throw new UsageError(`--max-tasks ${text}: expected a number from 1 to 100000`);
  return count;
};

// A timer cannot be longer than 2^31 - 1 ms.
const MAX_INTERVAL_MS = 2_147_483_647;

const readInterval = (text: string): number => {
  const ms = Number(text);
  if (!/^\d+$/.test(text) || ms > MAX_INTERVAL_MS || (ms > 0 && ms < 1000))
    throw new UsageError(`--gc-interval-ms ${text}: expected 0, or milliseconds from 1000 to ${MAX_INTERVAL_MS}`);
  return ms;
};

/** A key a line; empty lines and lines that begin with # do not count. A file without a key is refused: it would open the node. */
const readKeyFile = async (path: string): Promise<readonly string[]> => {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    throw failure("CONFIG_INVALID", `cannot read the key file ${path}`, "Give a file that this user can read.", cause);
  }
  const keys = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  if (keys.length === 0) throw failure("CONFIG_INVALID", `${path} holds no key`, "Write one key a line into it.");
  return keys;
};
