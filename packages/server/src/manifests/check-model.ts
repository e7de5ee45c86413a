/** What of a Model manifest depends on the node and the tenant: where it may be, and whose secrets it may send there. */
import { type FieldViolation, invalidArgument, type ModelManifest, PlatformError } from "@agentcore/contract";
import { callPolicy, checkBaseUrl, PROVIDERS, saysWhere } from "@agentcore/models";
import { refuseUrl } from "@agentcore/outbound";
import { checkVariables, headerVariables } from "./check-variables.ts";

type ModelSpec = ModelManifest["spec"];

/** Throws INVALID_ARGUMENT. Names are judged again when they are called, by what they resolve to. */
export const checkModel = (tenantId: string, manifest: ModelManifest, allowPrivate: boolean): void => {
  const violations = [
    ...addressViolations(manifest, allowPrivate),
    ...settingViolations(manifest.spec),
    ...keyViolations(manifest.spec),
    ...variableViolations(tenantId, manifest.spec),
  ];
  if (violations.length > 0) throw invalidArgument(`model "${manifest.metadata.name}"`, violations);
};

const providerOf = ({ provider = "openai-compatible" }: ModelSpec) => PROVIDERS[provider];

const namedKeys = ({ apiKeyEnv, apiKeyEnvs }: ModelSpec): readonly (readonly [field: string, variable: string])[] => [
  ...(apiKeyEnv === undefined ? [] : [["spec.apiKeyEnv", apiKeyEnv] as const]),
  ...(apiKeyEnvs ?? []).map((variable, index) => [`spec.apiKeyEnvs[${index}]`, variable] as const),
];

const addressViolations = ({ metadata, spec }: ModelManifest, allowPrivate: boolean): readonly FieldViolation[] => {
  const addresses = [
    ...(spec.baseUrl === undefined ? [] : [["spec.baseUrl", spec.baseUrl] as const]),
    ...(spec.hosts ?? []).map((host, index) => [`spec.hosts[${index}]`, host] as const),
  ];
  const sendsSecret =
    providerOf(spec).needsKey ||
    namedKeys(spec).length > 0 ||
    Object.values(spec.headers ?? {}).some((value) => typeof value !== "string");
  const policy = callPolicy(sendsSecret, allowPrivate);
  return addresses.flatMap(([field, address]) => {
    try {
      const refused = refuseUrl(checkBaseUrl(metadata.name, address), policy);
      return refused === undefined ? [] : [{ field, description: refused }];
    } catch (error) {
      return [{ field, description: PlatformError.from(error).message }];
    }
  });
};

const settingViolations = (spec: ModelSpec): readonly FieldViolation[] => {
  const { settings } = providerOf(spec);
  const names = Object.keys(settings);
  return Object.entries(spec.settings ?? {}).flatMap(([name, value]) => {
    const field = `spec.settings.${name}`;
    const setting = Object.hasOwn(settings, name) ? settings[name] : undefined;
    if (setting === undefined) {
      const expected = names.length === 0 ? "this provider has no settings" : `expected one of ${names.join(", ")}`;
      return [{ field, description: expected }];
    }
    return setting.pattern.test(value) ? [] : [{ field, description: `expected ${setting.expected}` }];
  });
};

const keyViolations = (spec: ModelSpec): readonly FieldViolation[] => {
  const { needsKey, credentialVariables } = providerOf(spec);
  if (!needsKey || credentialVariables !== undefined || namedKeys(spec).length > 0 || !saysWhere(spec)) return [];
  return [
    {
      field: "spec.apiKeyEnv",
      description: "expected beside an address: the provider's own key is sent to the provider's own address only",
    },
  ];
};

const variableViolations = (tenantId: string, spec: ModelSpec): readonly FieldViolation[] => {
  const named = namedKeys(spec);
  // Without one it is the provider's own, which is the node's.
  const keys = named.length > 0 ? named : [["spec.apiKeyEnv", providerOf(spec).keyVariable] as const];
  return checkVariables(tenantId, [...keys, ...headerVariables("spec.headers", spec.headers)], ["AGENTCORE_MODEL_KEY"]);
};
