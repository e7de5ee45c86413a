/** What differs between providers. */
import type { EmbeddingModelV4, LanguageModelV4 } from "@ai-sdk/provider";
import type { ProviderPackage } from "./provider-packages.ts";
import type { RunningModels } from "./running-models.ts";

export interface ProviderConnection {
  readonly baseUrl: string;
  readonly apiKey: string | undefined;
  /** What `credentialVariables` hold, where there is no key. */
  readonly credentials: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, string>>;
  /** The only way out. */
  readonly fetch: typeof fetch;
  /** Those that are loaded into this node. */
  readonly running: RunningModels;
}

export interface OpenProvider {
  /** Absent where the provider has none. */
  readonly languageModel?: (model: string) => LanguageModelV4;
  /** Absent where the provider has none. */
  readonly embeddingModel?: (model: string) => EmbeddingModelV4;
}

export interface ProviderSetting {
  /** Its own variable, which stands in where a manifest does not say it. */
  readonly variable?: string;
  readonly pattern: RegExp;
  readonly expected: string;
  /** Whether it says where the provider is, so that the provider's own key does not go there unasked. */
  readonly isAddress?: boolean;
}

export interface Provider {
  readonly package: ProviderPackage;
  /** The variable of its key, if it needs one. */
  readonly keyVariable?: string;
  /** Whether calls need a key, or what stands for one. */
  readonly needsKey: boolean;
  /** Its models run within the node: it is nowhere, so no address, key or header has a meaning. @default false */
  readonly runsHere?: boolean;
  /** All that it has, where that is known. @default whatever the provider has */
  readonly models?: readonly string[];
  /** What stands for a key, all of them but the optional ones. */
  readonly credentialVariables?: readonly { readonly name: string; readonly isOptional?: boolean }[];
  /** The variable that says where it is, if that is not its own address. */
  readonly baseUrlVariable?: string;
  readonly settings: Readonly<Record<string, ProviderSetting>>;
  /** Its own address; undefined when a setting for it is missing. */
  ownBaseUrl(settings: Readonly<Record<string, string>>): string | undefined;
  /** The address as its package wants it, from one that somebody wrote. */
  normalizeBaseUrl?(baseUrl: string): string;
  /** Rejects with what `import` does when the package is not there. */
  open(connection: ProviderConnection): Promise<OpenProvider>;
}

/** Adds the path under which the provider is, to an address without one. */
export const withDefaultPath = (baseUrl: string, path: string): string => {
  const trimmed = baseUrl.replace(/\/+$/, "");
  return URL.canParse(trimmed) && new URL(trimmed).pathname === "/" ? `${trimmed}${path}` : trimmed;
};
