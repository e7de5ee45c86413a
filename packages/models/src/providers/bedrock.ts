import type { Provider } from "./provider.ts";

/** With a Bedrock key, or requests signed with the credentials that AWS's own tools read from the environment. */
export const bedrock: Provider = {
  package: "@ai-sdk/amazon-bedrock",
  keyVariable: "AWS_BEARER_TOKEN_BEDROCK",
  needsKey: true,
  credentialVariables: [
    { name: "AWS_ACCESS_KEY_ID" },
    { name: "AWS_SECRET_ACCESS_KEY" },
    { name: "AWS_SESSION_TOKEN", isOptional: true },
  ],
  settings: {
    // Part of a host name: anything else could lead elsewhere.
    region: { variable: "AWS_REGION", pattern: /^[a-z]+(-[a-z0-9]+)+$/, expected: "a region such as eu-central-1" },
  },
  ownBaseUrl: ({ region }) =>
    region === undefined
      ? undefined
      : `https://bedrock-runtime.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`,
  open: async ({ baseUrl, apiKey, credentials, headers, settings: { region }, fetch }) => {
    const { createAmazonBedrock } = await import("@ai-sdk/amazon-bedrock");
    const sessionToken = credentials["AWS_SESSION_TOKEN"];
    const provider = createAmazonBedrock({
      baseURL: baseUrl,
      headers,
      fetch,
      ...(region === undefined ? {} : { region }),
      ...(apiKey === undefined
        ? {
            // Empty, it does not look for a key in the environment.
            apiKey: "",
            accessKeyId: credentials["AWS_ACCESS_KEY_ID"] ?? "",
            secretAccessKey: credentials["AWS_SECRET_ACCESS_KEY"] ?? "",
            ...(sessionToken === undefined ? {} : { sessionToken }),
          }
        : { apiKey }),
    });
    return { languageModel: provider.languageModel, embeddingModel: provider.embeddingModel };
  },
};
