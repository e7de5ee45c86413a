/** Options of `up` and `dev`, apart from what they do, so that help and completion load no more than this. */
import type { Invocation } from "../command.ts";

export const SERVE_ARGUMENTS = [
  {
    name: "PATH",
    description: "Manifest file, or folder to search for manifests; same as --apply",
    optional: true,
    rest: true,
    completes: "path",
  },
] as const;

export const SERVE_OPTIONS = {
  port: {
    type: "string",
    value: "PORT",
    description: "TCP port; 0 takes any free one",
    default: "4700",
    env: "AGENTCORE_PORT",
  },
  host: {
    type: "string",
    value: "ADDRESS",
    description: "Address to listen on; 0.0.0.0 is every network",
    default: "127.0.0.1",
  },
  "public-url": {
    type: "string",
    value: "URL",
    description: "Where clients reach the node, if not where it listens; agent cards and links name it",
    env: "AGENTCORE_PUBLIC_URL",
  },
  "grpc-port": {
    type: "string",
    value: "PORT",
    description: "TCP port of A2A over gRPC, on the same address; 0 takes any free one; not served if not given",
    env: "AGENTCORE_GRPC_PORT",
  },
  "grpc-public-address": {
    type: "string",
    value: "HOST:PORT",
    description:
      "Where gRPC clients reach the node, if not at the public URL's host and --grpc-port; agent cards name it",
    env: "AGENTCORE_GRPC_PUBLIC_ADDRESS",
  },
  "tls-cert": {
    type: "string",
    value: "FILE",
    completes: "path",
    description:
      "Certificate in PEM form, and those it was signed by: HTTP and gRPC are served over TLS; read again when renewed",
    env: "AGENTCORE_TLS_CERT",
  },
  "tls-key": {
    type: "string",
    value: "FILE",
    completes: "path",
    description: "Its private key in PEM form, without a passphrase",
    env: "AGENTCORE_TLS_KEY",
  },
  "tls-client-ca": {
    type: "string",
    value: "FILE",
    completes: "path",
    description: "Authorities in PEM form whose client certificates are believed; clients are then asked for one",
    env: "AGENTCORE_TLS_CLIENT_CA",
  },
  data: {
    type: "string",
    value: "DIR",
    completes: "path",
    description: "Folder for tasks and state",
    default: "./.agentcore",
    env: "AGENTCORE_DATA",
  },
  database: {
    type: "string",
    value: "URL",
    description: "PostgreSQL that nodes share, in place of a file in the data folder; needs @agentcore/postgres",
    env: "AGENTCORE_DATABASE_URL",
  },
  "lease-ms": {
    type: "string",
    value: "MS",
    description:
      "Milliseconds after which the tasks of a silent node go on elsewhere, 10000 if not given; needs --database",
  },
  "gc-interval-ms": {
    type: "string",
    value: "MS",
    description: "Milliseconds between two looks for what tenants' policies let go; 0: only when `agentcore gc` asks",
    default: "3600000",
    env: "AGENTCORE_GC_INTERVAL_MS",
  },
  "memory-embedder": {
    type: "string",
    value: "MODEL",
    description:
      "Model that makes vectors of what agents remember, as local/english, where a MemoryPool names none; else it is found by words",
    env: "AGENTCORE_MEMORY_EMBEDDER",
  },
  node: {
    type: "string",
    value: "NAME",
    description: "Name of this node among those that share a database; by default machine and port",
    env: "AGENTCORE_NODE",
  },
  "max-tasks": {
    type: "string",
    value: "NUMBER",
    description: "Tasks in memory at once, 1 to 100000; more wait in the store",
    default: "2000",
  },
  apply: {
    type: "string",
    multiple: true,
    value: "DIR|FILE",
    completes: "path",
    description: "Manifests to apply once the node is ready",
  },
  run: {
    type: "string",
    value: "AGENT",
    completes: "agent",
    description: "Give this agent one task after the start, print its decisions, stay up",
  },
  input: {
    type: "string",
    value: "INPUT",
    completes: "path",
    description:
      "Input for --run: JSON, @FILE, a folder or text; without it, the manifest's annotation agentcore.dev/default-input",
  },
  "api-key-file": {
    type: "string",
    value: "FILE",
    completes: "path",
    description:
      "File with the keys that callers may present, one a line, at least 16 characters each, and what they may do: KEY role=operator",
  },
  "api-keys": {
    type: "string",
    value: "KEY,KEY",
    description:
      "The keys themselves, at least 16 characters each; prefer the file, because other users of this machine see command lines",
    env: "AGENTCORE_API_KEYS",
  },
  auth: {
    type: "string",
    value: "FILE",
    completes: "path",
    description: "YAML file that says whose access tokens (JWT) and client certificates are taken, besides API keys",
    env: "AGENTCORE_AUTH_FILE",
  },
  "encryption-keys": {
    type: "string",
    value: "FILE",
    completes: "path",
    description:
      "File with the keys that seal what is stored, NAME:KEY a line, the first one seals, a line sealed-only refuses what lies plain; readable by this user alone",
    env: "AGENTCORE_ENCRYPTION_KEYS_FILE",
  },
  "card-signing-key": {
    type: "string",
    multiple: true,
    value: "FILE",
    completes: "path",
    description:
      "Private key (PEM or JWK) that signs the agents' cards, or several as in PATH, all of which sign; readable by this user alone",
    env: "AGENTCORE_CARD_SIGNING_KEYS",
  },
  "code-root": {
    type: "string",
    multiple: true,
    value: "DIR",
    description: "Folder that agents' code may come from, or several as in PATH; without one, anywhere",
    env: "AGENTCORE_CODE_ROOTS",
  },
  "allow-private-models": {
    type: "boolean",
    description: "Let Model manifests name addresses of private networks; this machine's own always may be named",
  },
  "model-prices": {
    type: "string",
    value: "FILE",
    completes: "path",
    description: "JSON file with prices and sizes of models, for all tenants; goes before the built-in table",
    env: "AGENTCORE_MODEL_PRICES",
  },
  record: {
    type: "string",
    value: "DIR",
    completes: "path",
    description: "Record every call of a model into this folder, for --replay; keys are not written",
    env: "AGENTCORE_RECORD",
  },
  replay: {
    type: "string",
    value: "DIR",
    completes: "path",
    description:
      "Answer calls of models from this folder: no key is needed, none leaves the machine, and one that was not recorded fails",
    env: "AGENTCORE_REPLAY",
  },
  "allow-private-webhooks": {
    type: "boolean",
    description: "Let push notifications go to this machine and to private networks",
    env: "AGENTCORE_ALLOW_PRIVATE_WEBHOOKS",
  },
  "allow-private-agents": {
    type: "boolean",
    description: "Let Agent manifests name cards and feeds in private networks; this machine's own always may be named",
    env: "AGENTCORE_ALLOW_PRIVATE_AGENTS",
  },
  "allow-private-tools": {
    type: "boolean",
    description:
      "Let Tool manifests name servers in private networks, and sandboxes of coding agents hosts; this machine's own always may be named by the former",
    env: "AGENTCORE_ALLOW_PRIVATE_TOOLS",
  },
  "tool-command": {
    type: "string",
    multiple: true,
    value: "COMMAND",
    description:
      "Program that Tool manifests may have started, with any arguments, as they write it, or several with commas; without one, any on a node without keys, and none on one with keys",
    env: "AGENTCORE_TOOL_COMMANDS",
  },
  "tool-library": {
    type: "string",
    multiple: true,
    value: "FILE",
    completes: "path",
    description:
      "Module whose libraries of tools Tool manifests may name, beside those of the platform, or several as in PATH; it is code that the node runs",
    env: "AGENTCORE_TOOL_LIBRARIES",
  },
  "tool-folder": {
    type: "string",
    multiple: true,
    value: "DIR",
    completes: "path",
    description:
      "Folder that Tool manifests may open, with all that lies in it, TENANT=DIR for one of a tenant, or several as in PATH; without one, any on a node without keys, and none on one with keys",
    env: "AGENTCORE_TOOL_FOLDERS",
  },
} as const;

export type ServeInvocation = Invocation<typeof SERVE_OPTIONS>;
