/** Where a target is and what opens it: its address, and what the environment holds for it. */
import { PlatformError } from "@agentcore/contract/errors";
import { type OutboundPolicy, refuseUrl } from "@agentcore/outbound";
import type { Environment } from "../environment.ts";
import type { ModelTarget } from "../model-target.ts";
import { checkBaseUrl } from "../names/check-base-url.ts";
import type { Provider, ProviderConnection } from "../providers/provider.ts";
import { PROVIDERS } from "../providers/providers.ts";

export interface TargetConnection extends Omit<ProviderConnection, "fetch" | "running"> {
  readonly host: string;
  readonly policy: OutboundPolicy;
  /** Never to appear in a message. */
  readonly secrets: readonly string[];
}

/** Throws MODEL_NOT_CONFIGURED, saying what to set, and CONFIG_INVALID for an address that may not be called. */
export const connectionOf = (target: ModelTarget, env: Environment, allowPrivate: boolean): TargetConnection => {
  const provider = PROVIDERS[target.provider];
  const { settings = {} } = target;
  if (provider.runsHere === true) return { ...HERE, settings };
  const baseUrl = baseUrlOf(target, provider);
  const url = checkBaseUrl(target.name, baseUrl);
  const apiKey = target.apiKeyEnv === undefined ? undefined : readVariable(target, target.apiKeyEnv, "no key", env);
  const credentials = apiKey === undefined ? readCredentials(target, provider, env) : {};
  const { headers, secret } = readHeaders(target, env);
  const secrets = [...(apiKey === undefined ? [] : [apiKey]), ...Object.values(credentials), ...secret];
  // What the node's own environment names, its operator chose.
  const policy = callPolicy(secrets.length > 0, allowPrivate || !target.isDeclared);
  const refused = refuseUrl(url, policy);
  if (refused !== undefined) throw new PlatformError("CONFIG_INVALID", `model "${target.name}": baseUrl: ${refused}`);
  return { host: url.host, baseUrl, apiKey, credentials, headers, settings, policy, secrets };
};

const HERE = {
  ...{ host: "this node", baseUrl: "", apiKey: undefined, credentials: {}, headers: {}, secrets: [] },
  policy: { allowLoopback: false, allowPrivate: false, sendsSecret: false, option: "" },
} as const;

/** This machine always may be called: that is where local models are. */
export const callPolicy = (sendsSecret: boolean, allowPrivate: boolean): OutboundPolicy => ({
  allowLoopback: true,
  allowPrivate,
  sendsSecret,
  option: "--allow-private-models",
});

const baseUrlOf = (target: ModelTarget, provider: Provider): string => {
  const baseUrl = target.baseUrl ?? provider.ownBaseUrl(target.settings ?? {});
  if (baseUrl !== undefined) return provider.normalizeBaseUrl?.(baseUrl) ?? baseUrl.replace(/\/+$/, "");
  const named = Object.entries(provider.settings).map(([setting, { variable }]) =>
    variable === undefined ? `settings.${setting}` : `${variable} or settings.${setting}`,
  );
  throw new PlatformError(
    "MODEL_NOT_CONFIGURED",
    `model "${target.name}" has no endpoint: set ${["baseUrl", ...named].join(", ")}`,
  );
};

const readVariable = (target: ModelTarget, variable: string, what: string, env: Environment): string => {
  const value = env[variable];
  if (value) return value;
  throw new PlatformError("MODEL_NOT_CONFIGURED", `model "${target.name}" has ${what}: set ${variable}`);
};

const readCredentials = (target: ModelTarget, provider: Provider, env: Environment): Record<string, string> => {
  if (!provider.needsKey) return {};
  if (provider.credentialVariables === undefined) {
    throw new PlatformError(
      "MODEL_NOT_CONFIGURED",
      `model "${target.name}" has no key: name its variable in apiKeyEnv; the provider's own is sent to the provider's own address only`,
    );
  }
  return Object.fromEntries(
    provider.credentialVariables.flatMap(({ name, isOptional = false }) =>
      isOptional && !env[name]
        ? []
        : [[name, readVariable(target, name, `neither a key (${provider.keyVariable}) nor credentials`, env)]],
    ),
  );
};

/** Headers with what the environment holds, and those values of them that are secret. */
const readHeaders = (
  target: ModelTarget,
  env: Environment,
): { readonly headers: Record<string, string>; readonly secret: readonly string[] } => {
  const secret: string[] = [];
  const headers = Object.entries(target.headers ?? {}).map(([name, value]) => {
    if (typeof value === "string") return [name, value] as const;
    const text = env[value.env];
    if (!text)
      throw new PlatformError("MODEL_NOT_CONFIGURED", `model "${target.name}": header ${name}: set ${value.env}`);
    secret.push(text);
    return [name, text] as const;
  });
  return { headers: Object.fromEntries(headers), secret };
};
