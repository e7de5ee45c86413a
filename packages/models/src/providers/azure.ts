import type { Provider } from "./provider.ts";

/** Models are deployments. */
export const azure: Provider = {
  package: "@ai-sdk/azure",
  keyVariable: "AZURE_API_KEY",
  needsKey: true,
  settings: {
    // Part of a host name: anything else could lead elsewhere.
    resourceName: {
      variable: "AZURE_RESOURCE_NAME",
      pattern: /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i,
      expected: "the name of an Azure resource: letters, digits and -",
      isAddress: true,
    },
    apiVersion: { pattern: /^[\w.-]+$/, expected: "v1, preview, or a date such as 2025-04-01-preview" },
  },
  ownBaseUrl: ({ resourceName }) =>
    resourceName === undefined ? undefined : `https://${resourceName}.openai.azure.com/openai`,
  open: async ({ baseUrl, apiKey = "", headers, settings: { apiVersion }, fetch }) => {
    const { createAzure } = await import("@ai-sdk/azure");
    // Versions that are dates are of the older interface, which has the deployment in the path.
    const isDated = apiVersion !== undefined && /^\d{4}-/.test(apiVersion);
    const version = { ...(apiVersion === undefined ? {} : { apiVersion }), useDeploymentBasedUrls: isDated };
    const provider = createAzure({ baseURL: baseUrl, apiKey, headers, fetch, ...version });
    return { languageModel: provider.chat, embeddingModel: provider.embeddingModel };
  },
};
