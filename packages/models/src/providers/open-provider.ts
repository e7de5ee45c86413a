import { PlatformError } from "@agentcore/contract/errors";
import type { EmbeddingModelV4, LanguageModelV4 } from "@ai-sdk/provider";
import type { ModelTarget } from "../model-target.ts";
import type { OpenProvider, ProviderConnection } from "./provider.ts";
import { PROVIDER_PACKAGES } from "./provider-packages.ts";
import { PROVIDERS } from "./providers.ts";

export interface OpenTarget {
  /** Undefined where the provider has none that answer. */
  readonly languageModel: LanguageModelV4 | undefined;
  /** Undefined where the provider has no embedding models. */
  readonly embeddingModel: EmbeddingModelV4 | undefined;
}

/**
 * Loads the provider's package, when it is first needed: a node that calls no model pays nothing for it. Throws NOT_INSTALLED, saying what to
 * install.
 */
export const openTarget = async (target: ModelTarget, connection: ProviderConnection): Promise<OpenTarget> => {
  const provider = await open(target, connection);
  const languageModel = provider.languageModel?.(target.model);
  // Another version than the one we name may be there.
  if (languageModel !== undefined && languageModel.specificationVersion !== "v4") throw notInstalled(target);
  return { languageModel, embeddingModel: provider.embeddingModel?.(target.model) };
};

const open = async (target: ModelTarget, connection: ProviderConnection): Promise<OpenProvider> => {
  try {
    return await PROVIDERS[target.provider].open(connection);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw cause;
    throw notInstalled(target, cause);
  }
};

export const notInstalled = ({ name, provider }: ModelTarget, cause?: unknown): PlatformError => {
  const needed = PROVIDERS[provider].package;
  return new PlatformError(
    "NOT_INSTALLED",
    `model "${name}" needs the package ${needed}: npm install ${needed}@${PROVIDER_PACKAGES[needed]}`,
    {
      cause,
      details: { nextStep: "Install it beside agentcore: in the same folder, or with --global if agentcore is." },
    },
  );
};
