export { createModelProvider, type ModelProviderOptions } from "./create-model-provider.ts";
export { callPolicy, checkBaseUrl, type ModelEndpoint } from "./model-endpoint.ts";
export type { Embeddings, EmbedRequest, ListedModel, ModelGateway } from "./model-gateway.ts";
