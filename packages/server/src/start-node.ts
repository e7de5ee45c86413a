/** One running node: parts composed, gateway listening, work begun; and the orderly end. */
import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { PlatformError } from "@agentcore/contract";
import type { LogLevel } from "@agentcore/core/ports";
import type { RecordingOptions } from "@agentcore/models/cassettes";
import { openCodeRoots } from "./agents/code-roots.ts";
import { openCredentials } from "./auth/open-credentials.ts";
import { compose } from "./compose.ts";
import { parseEncryptionKeys } from "./encryption/parse-encryption-keys.ts";
import type { ApiKey } from "./gateway/deps/credentials.ts";
import type { GatewayDeps } from "./gateway/deps/gateway-deps.ts";
import type { ApplyResult } from "./gateway/deps/manifest-service.ts";
import { DEFAULT_TENANT } from "./gateway/deps/tenants.ts";
import { hashOfKey, parseApiKeys } from "./gateway/http/parse-api-keys.ts";
import { parsePublicUrl } from "./gateway/http/parse-public-url.ts";
import type { GrpcListener, Listener, TlsFiles, TlsIdentity } from "./gateway/index.ts";
import { readModelPrices } from "./models/read-model-prices.ts";
import { type HealthFacts, nodeHealth } from "./node-health.ts";
import { readVersion } from "./read-version.ts";
import { createJsonLogger, createSystemSenses } from "./system-senses.ts";

export interface NodeOptions {
  /** @default "127.0.0.1"; anything but loopback needs `apiKeys` or `authFile` */
  readonly host?: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Port of A2A over gRPC, 0 for a free one. @default not served */
  readonly grpcPort?: number | undefined;
  /** `HOST:PORT` at which clients reach it, if not at the public URL's host and the port itself. */
  readonly grpcPublicAddress?: string | undefined;
  /** Files of the certificate that both ports show. @default neither has TLS */
  readonly tls?: TlsFiles | undefined;
  /** Where clients reach the node, if not where it listens: what cards and links name. Anything but loopback needs `apiKeys` or `authFile`. */
  readonly publicUrl?: string | undefined;
  /** Absolute path; created when missing. */
  readonly dataDirectory: string;
  /** `postgres://…` of a database that nodes share, in place of a file in the data folder. */
  readonly database?: string | undefined;
  /** Milliseconds after which the tasks of a silent node go on elsewhere; with `database`. @default 10000 */
  readonly leaseMs?: number | undefined;
  /** Name of this node, unique among those that share a database. @default the machine's name, and the port with `database` */
  readonly node?: string | undefined;
  /** Tasks in memory at once; more wait in the store. @default 2000 */
  readonly maxTasks?: number | undefined;
  /** An entry a key: `KEY role=operator|caller tenant=NAME caller=NAME`, or its hash in place of it (docs/configuration.md). */
  readonly apiKeys?: readonly string[];
  /** File that says whose tokens and client certificates are taken, besides keys (docs/configuration.md). */
  readonly authFile?: string | undefined;
  /** Folders that agents' code may come from; with `apiKeys`, none means that manifests over HTTP name no code. @default anywhere */
  readonly codeRoots?: readonly string[];
  /** File with prices and sizes of models, for all tenants (docs/models.md). @default the built-in table alone */
  readonly modelPricesFile?: string | undefined;
  /** Whether Model manifests may name addresses of private networks; this machine's own always may. @default false */
  readonly allowPrivateModels?: boolean;
  /** A model that makes vectors of what agents remember, where a pool names none. @default vectors of words, where they are installed, else words alone */
  readonly memoryEmbedder?: string | undefined;
  /** Calls of models are recorded into a folder, or answered from it: then no key is needed, and none of them leaves the machine. @default neither */
  readonly recording?: RecordingOptions | undefined;
  /** Whether push notifications may go to this machine and to private networks. @default false */
  readonly allowPrivateWebhooks?: boolean;
  /** Whether Agent manifests may name cards and feeds of private networks; this machine's own always may. @default false */
  readonly allowPrivateAgents?: boolean;
  /** Whether Tool manifests may name servers of private networks; this machine's own always may. @default false */
  readonly allowPrivateTools?: boolean | undefined;
  /** Programs that Tool manifests may have started, as they write them. @default any; none with `apiKeys` or `authFile` */
  readonly toolCommands?: readonly string[] | undefined;
  /** Modules of libraries that Tool manifests may name beside the platform's own: absolute paths, loaded with the first manifest that names none of those. @default none */
  readonly toolLibraries?: readonly string[] | undefined;
  /** Folders that Tool manifests may open, with all that lies in them: `DIR` for the default tenant, `TENANT=DIR` for another. @default any; none with `apiKeys` or `authFile` */
  readonly toolFolders?: readonly string[] | undefined;
  /** Keys that seal what is stored, `NAME:KEY` each, the key as 32 bytes in base64; the first seals, all of them open. */
  readonly encryptionKeys?: readonly string[] | undefined;
  /** Private keys, PEM or JWK each: every one of them signs the agents' cards. @default cards are not signed */
  readonly cardSigningKeys?: readonly string[] | undefined;
  /** @default "info" */
  readonly logLevel?: LogLevel;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Milliseconds between two looks for what tenants' policies let go; 0: none by itself. @default 3600000 */
  readonly gcIntervalMs?: number | undefined;
  /** For crash tests: handed to the store. */
  readonly fault?: { readonly syncDelayMs?: number; readonly module?: string };
}

export interface RunningNode {
  readonly url: string;
  /** `HOST:PORT` of A2A over gRPC; undefined when it is not served. */
  readonly grpcAddress: string | undefined;
  /** Calls the node from its own process, past its socket and certificate. */
  readonly fetch: typeof fetch;
  /** Lets this process call its own node as operator of the default tenant; undefined when no key is asked for. */
  readonly apiKey: string | undefined;
  /** Resolves when the node takes work. */
  readonly ready: Promise<void>;
  /** Manifests as read, code paths absolute; all or nothing. Throws INVALID_ARGUMENT. */
  apply(manifests: readonly unknown[]): Promise<readonly ApplyResult[]>;
  /** Takes no new work, gives what runs `graceMs` milliseconds, then releases everything. */
  close(graceMs: number): Promise<void>;
}

/** Throws DATA_LOCKED, CONFIG_INVALID (port taken, folder not writable, open address without keys). */
export const startNode = async (options: NodeOptions): Promise<RunningNode> => {
  const configured = parseApiKeys(options.apiKeys ?? []);
  const authenticated = configured.length > 0 || options.authFile !== undefined;
  const publicUrl = options.publicUrl === undefined ? undefined : parsePublicUrl(options.publicUrl, authenticated);
  const ownKey = authenticated ? randomBytes(32).toString("base64url") : undefined;
  const apiKeys: readonly ApiKey[] =
    ownKey === undefined
      ? []
      : [
          ...configured,
          { keyHash: hashOfKey(ownKey), tenantId: DEFAULT_TENANT, caller: "local", role: "operator", isOwn: true },
        ];
  const cardSigner = await createSigner(options.cardSigningKeys);
  const senses = createSystemSenses(createJsonLogger(options.logLevel ?? "info"));
  const credentials = options.authFile === undefined ? undefined : await openCredentials(options.authFile, senses);
  if ((credentials?.certificates?.length ?? 0) > 0 && options.tls?.clientCa === undefined)
    throw new PlatformError(
      "CONFIG_INVALID",
      `${options.authFile}: clientCertificates: no connection brings one; start the node with --tls-cert, --tls-key and --tls-client-ca`,
    );
  const { database, leaseMs } = options;
  const machine = hostname().toLowerCase();
  // Two nodes of one machine that share a database differ by their ports; of a free port nothing is known yet.
  const shared = `${machine}-${options.port === 0 ? `pid${process.pid}` : options.port}`;
  const node = options.node ?? (database === undefined ? machine : shared);
  // Known before anybody is told of this node.
  let listener: Listener;
  const composing = compose({
    dataDirectory: options.dataDirectory,
    senses,
    node,
    address: () => publicUrl ?? listener.url,
    version: readVersion(),
    env: options.env ?? process.env,
    codeRoots: await openCodeRoots(options.codeRoots),
    codeFromAnywhere: !authenticated,
    modelPrices: options.modelPricesFile === undefined ? undefined : await readModelPrices(options.modelPricesFile),
    allowPrivateModels: options.allowPrivateModels,
    memoryEmbedder: options.memoryEmbedder,
    recording: options.recording,
    allowPrivateWebhooks: options.allowPrivateWebhooks,
    allowPrivateAgents: options.allowPrivateAgents,
    allowPrivateTools: options.allowPrivateTools,
    toolCommands: options.toolCommands ?? (authenticated ? [] : null),
    toolLibraries: options.toolLibraries,
    toolFolders: await openFolders(options.toolFolders, authenticated),
    encryptionKeys: parseEncryptionKeys(options.encryptionKeys ?? []),
    database: database === undefined ? undefined : { url: database, leaseMs },
    maxTasks: options.maxTasks,
    gcIntervalMs: options.gcIntervalMs,
    fault: options.fault,
  });
  // The store opens in a thread of its own; what serves HTTP, a fifth of a start, is loaded meanwhile.
  const [parts, { createGateway, createTlsIdentity, listen, listenGrpc, shutDown }] = await Promise.all([
    composing,
    import("./gateway/index.ts"),
  ]);
  let grpc: GrpcListener | undefined;
  const grpcAddress = () =>
    grpc === undefined ? undefined : (options.grpcPublicAddress ?? addressWith(publicUrl ?? listener.url, grpc.port));
  let phase: HealthFacts["phase"] = "starting";
  const deps: GatewayDeps = {
    tasks: parts.tasks,
    agents: parts.catalogue,
    scopesOfTask: parts.scopesOf,
    workflows: parts.workflows,
    manifests: parts.manifests,
    orchestration: parts.orchestration,
    finder: parts.finder,
    nodes: parts.nodes,
    retention: parts.retention,
    schedules: parts.schedules,
    spending: parts.spending,
    models: parts.models,
    tools: parts.tools,
    memory: parts.memory,
    backups: parts.backups,
    push: parts.push,
    hooks: parts.hooks,
    consents: parts.consents,
    apiKeys,
    credentials,
    cardSigner,
    health: () =>
      nodeHealth({
        ...{ phase, condition: parts.nodes.condition, trouble: parts.trouble() },
        residentTasks: parts.engine.resident,
      }),
    metrics: (tenantId) => parts.metrics.render(tenantId),
    version: readVersion(),
    publicUrl: () => publicUrl ?? listener.url,
    grpcAddress,
    clock: senses.clock,
    onError: (error, errorId) =>
      senses.logger.log("error", error instanceof Error ? (error.stack ?? error.message) : String(error), { errorId }),
  };
  const gateway = createGateway(deps);
  const { host = "127.0.0.1" } = options;
  let tls: TlsIdentity | undefined;
  try {
    tls =
      options.tls &&
      (await createTlsIdentity({
        files: options.tls,
        now: () => senses.clock.now(),
        warn: (message) => senses.logger.log("warn", message),
      }));
    listener = await listen(gateway, { host, port: options.port, tls });
    if (options.grpcPort !== undefined) {
      const listening = listener;
      grpc = await listenGrpc(gateway, { host, port: options.grpcPort, tls }).catch(async (error: unknown) => {
        await listening.close(0);
        throw error;
      });
    }
  } catch (error) {
    tls?.close();
    await parts.close(0);
    throw error;
  }
  const doors = grpc === undefined ? [listener] : [listener, grpc];
  const ready = parts.start().then(() => {
    if (phase === "starting") phase = "serving";
  });
  let closing: Promise<void> | null = null;
  return {
    url: listener.url,
    grpcAddress: grpcAddress(),
    fetch: (input, init) => gateway.fetch(new Request(input, init)),
    apiKey: ownKey,
    ready,
    apply: (manifests) => parts.manifests.apply(DEFAULT_TENANT, manifests, { dryRun: false }),
    close(graceMs) {
      phase = "stopping";
      closing ??= shutDown(gateway, doors, graceMs).then(() => {
        tls?.close();
        return parts.close(graceMs);
      });
      return closing;
    },
  };
};

const openFolders = async (entries: readonly string[] | undefined, authenticated: boolean) => {
  if (entries === undefined) return authenticated ? new Map<string, readonly string[]>() : null;
  const { openToolFolders } = await import("./tools/tool-folders.ts");
  return openToolFolders(entries);
};

const createSigner = async (keys: readonly string[] = []) => {
  if (keys.length === 0) return undefined;
  const { createCardSigner } = await import("@agentcore/a2a/cards");
  return createCardSigner(keys);
};
const addressWith = (url: string, port: number): string => `${new URL(url).hostname}:${port}`;
