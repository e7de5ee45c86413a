import { PlatformError } from "@agentcore/contract/errors";

/** Throws CONFIG_INVALID unless the address is plain http(s). Never repeats the address, which may hold a secret. */
export const checkBaseUrl = (modelName: string, baseUrl: string): URL => {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined;
  if (url === undefined || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new PlatformError("CONFIG_INVALID", `model "${modelName}": baseUrl: expected an http:// or https:// address`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new PlatformError(
      "CONFIG_INVALID",
      `model "${modelName}": baseUrl: expected no user or password in it; name the key's variable in apiKeyEnv`,
    );
  }
  return url;
};
