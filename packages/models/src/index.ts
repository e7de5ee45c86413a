export { createModelProvider, type ModelProviderOptions } from "./create-model-provider.ts";
export type { ModelEndpoint } from "./model-endpoint.ts";
