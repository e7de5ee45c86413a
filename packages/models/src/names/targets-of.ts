/** From the name of a model to where it is: by its manifest, or by what the node's environment says of a provider. */
import { MODEL_PROVIDERS, type ModelProviderName, type ModelSpec } from "@agentcore/contract";
import { PlatformError } from "@agentcore/contract/errors";
import type { Environment } from "../environment.ts";
import type { ModelTarget } from "../model-target.ts";
import type { Provider } from "../providers/provider.ts";
import { PROVIDERS } from "../providers/providers.ts";

const DEFAULT_TIMEOUT_MS = 120_000; // long answers of slow models take over a minute
const DEFAULT_PROVIDER = "openai-compatible";
// As the doors take it.
const MAX_NAME_CHARACTERS = 256;
// Some providers put the model into their address, where these would lead to another one, or to what is no model, with the node's own key.
const LEADS_ELSEWHERE = /[?#%\\\p{Cc}]|(?:^|\/)\.{1,2}(?:\/|$)/u;

/**
 * One target for each host and key of the manifest's spec, hosts first; without a spec the one of `provider/model`, as the environment says.
 * Throws MODEL_NOT_CONFIGURED, saying what to set.
 */
export const targetsOf = (name: string, spec: ModelSpec | null, env: Environment): readonly ModelTarget[] =>
  spec === null ? [environmentTarget(name, env)] : declaredTargets(name, spec, env);

const notConfigured = (message: string): PlatformError => new PlatformError("MODEL_NOT_CONFIGURED", message);

const declaredTargets = (name: string, spec: ModelSpec, env: Environment): readonly ModelTarget[] => {
  const { provider: providerName = DEFAULT_PROVIDER, model } = spec;
  if (model === undefined)
    throw notConfigured(`model "${name}" is a choice among candidates, and nothing to be called`);
  const provider = PROVIDERS[providerName];
  const isDeclared = saysWhere(spec);
  const settings = withEnvironment(provider, spec.settings ?? {}, env);
  const hosts = spec.hosts ?? [spec.baseUrl ?? environmentBaseUrl(provider, env)];
  const keys = spec.apiKeyEnvs ?? [spec.apiKeyEnv ?? ownKeyVariable(spec, env)];
  const timeoutMs = spec.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const combinations = hosts.flatMap((baseUrl) => keys.map((apiKeyEnv) => ({ baseUrl, apiKeyEnv })));
  return combinations.map(({ baseUrl, apiKeyEnv }, index) => ({
    id: combinations.length === 1 ? name : `${name}#${index + 1}`,
    name,
    provider: providerName,
    model,
    baseUrl,
    apiKeyEnv,
    headers: spec.headers,
    settings,
    isDeclared,
    timeoutMs,
    firstTokenTimeoutMs: spec.firstTokenTimeoutMs ?? timeoutMs,
    price: spec.price,
    contextWindow: spec.contextWindow,
    maxOutputTokens: spec.maxOutputTokens,
    quality: spec.quality,
    limits: spec.limits,
    prefer: spec.hosts === undefined ? undefined : (spec.prefer ?? "balance"),
  }));
};

type Whereabouts = Pick<ModelSpec, "provider" | "baseUrl" | "hosts" | "settings">;

/** Whether a manifest says where its provider is, instead of the provider or the node's environment. */
export const saysWhere = ({ provider = DEFAULT_PROVIDER, baseUrl, hosts, settings = {} }: Whereabouts): boolean =>
  baseUrl !== undefined ||
  hosts !== undefined ||
  Object.keys(settings).some((setting) => PROVIDERS[provider].settings[setting]?.isAddress === true);

/**
 * The variable of the provider's own key, for a manifest that names none. It goes where the provider is by itself, or the node's environment says:
 * not where a manifest leads it.
 */
const ownKeyVariable = (spec: Whereabouts, env: Environment): string | undefined => {
  const { keyVariable, credentialVariables } = PROVIDERS[spec.provider ?? DEFAULT_PROVIDER];
  if (keyVariable === undefined || saysWhere(spec)) return undefined;
  return credentialVariables === undefined || env[keyVariable] ? keyVariable : undefined;
};

const environmentBaseUrl = ({ baseUrlVariable }: Provider, env: Environment): string | undefined =>
  baseUrlVariable === undefined ? undefined : env[baseUrlVariable] || undefined;

const withEnvironment = (
  provider: Provider,
  settings: Readonly<Record<string, string>>,
  env: Environment,
): Readonly<Record<string, string>> => {
  const own = Object.entries(provider.settings).flatMap(([setting, { variable }]) => {
    const value = variable === undefined ? undefined : env[variable];
    return value ? [[setting, value] as const] : [];
  });
  return { ...Object.fromEntries(own), ...settings };
};

const isProvider = (name: string): name is ModelProviderName => MODEL_PROVIDERS.some((provider) => provider === name);

const environmentTarget = (name: string, env: Environment): ModelTarget => {
  // Under its name usage is counted: what cannot be written there is not asked.
  if (name.length > MAX_NAME_CHARACTERS || !name.isWellFormed())
    throw notConfigured(
      `model "${name.slice(0, 60).toWellFormed()}…" is not configured: expected well-formed text of at most ${MAX_NAME_CHARACTERS} characters`,
    );
  const slash = name.indexOf("/");
  const providerName = slash < 0 ? name : name.slice(0, slash);
  const model = slash < 0 ? "" : name.slice(slash + 1);
  if (!isProvider(providerName) || (model === "" && providerName !== DEFAULT_PROVIDER)) {
    throw notConfigured(
      `model "${name}" is not configured: apply a Model manifest of that name, or use provider/model, where provider is ${MODEL_PROVIDERS.join(", ")}; ${DEFAULT_PROVIDER}/<model> needs AGENTCORE_MODEL_URL`,
    );
  }
  if (LEADS_ELSEWHERE.test(model))
    throw notConfigured(`model ${JSON.stringify(name)} is not configured: expected no .., ?, #, % or \\ in it`);
  const found = providerName === DEFAULT_PROVIDER ? compatible(name, model, env) : own(name, providerName, model, env);
  return {
    id: name,
    name,
    provider: providerName,
    isDeclared: false,
    timeoutMs: DEFAULT_TIMEOUT_MS,
    firstTokenTimeoutMs: DEFAULT_TIMEOUT_MS,
    ...found,
  };
};

type Found = Pick<ModelTarget, "model" | "baseUrl" | "apiKeyEnv" | "settings">;

/** Plain `openai-compatible` stands for AGENTCORE_MODEL. */
const compatible = (name: string, named: string, env: Environment): Found => {
  const baseUrl = env["AGENTCORE_MODEL_URL"];
  if (!baseUrl)
    throw notConfigured(
      `model "${name}" has no endpoint: set AGENTCORE_MODEL_URL, for example http://127.0.0.1:11434/v1`,
    );
  const model = named || env["AGENTCORE_MODEL"];
  if (!model) throw notConfigured(`"${name}" names no model: use "${DEFAULT_PROVIDER}/<model>" or set AGENTCORE_MODEL`);
  return { baseUrl, model, apiKeyEnv: env["AGENTCORE_MODEL_KEY"] ? "AGENTCORE_MODEL_KEY" : undefined };
};

const own = (name: string, providerName: ModelProviderName, model: string, env: Environment): Found => {
  const provider = PROVIDERS[providerName];
  const settings = withEnvironment(provider, {}, env);
  const baseUrl = environmentBaseUrl(provider, env);
  const missing = [
    ...missingCredentials(provider, env),
    ...(baseUrl === undefined && provider.ownBaseUrl(settings) === undefined
      ? Object.values(provider.settings).flatMap(({ variable }) => variable ?? [])
      : []),
  ];
  if (missing.length > 0) throw notConfigured(`model "${name}" is not configured: set ${missing.join(" and ")}`);
  return { model, settings, baseUrl, apiKeyEnv: ownKeyVariable({ provider: providerName }, env) };
};

const missingCredentials = (provider: Provider, env: Environment): readonly string[] => {
  const { keyVariable, credentialVariables = [] } = provider;
  if (keyVariable === undefined || env[keyVariable]) return [];
  const needed = credentialVariables.filter(({ isOptional = false }) => !isOptional).map((variable) => variable.name);
  if (needed.length === 0) return [keyVariable];
  return needed.every((variable) => env[variable]) ? [] : [[keyVariable, needed.join(" with ")].join(", or ")];
};
