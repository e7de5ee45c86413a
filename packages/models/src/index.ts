export { createModelProvider, type ModelProviderOptions } from "./create-model-provider.ts";
export { refuseUrl } from "./endpoint-guard.ts";
export { checkBaseUrl, type ModelEndpoint, sendsSecret } from "./model-endpoint.ts";
