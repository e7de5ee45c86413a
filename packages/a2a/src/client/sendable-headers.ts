import { PlatformError } from "@agentcore/contract/errors";

// Source: RFC 9110, 5.6.2, and for values what gRPC's metadata takes as well.
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const VALUE = /^[\t -~]*$/;

/**
 * Headers as they are, once they can be sent. Throws CONFIG_INVALID, which never repeats a value: it may be a credential, and the errors of
 * fetch and gRPC do repeat it.
 */
export const sendableHeaders = <Headers extends Readonly<Record<string, string>>>(headers: Headers): Headers => {
  for (const [name, value] of Object.entries(headers)) {
    if (!NAME.test(name))
      throw new PlatformError("CONFIG_INVALID", `${JSON.stringify(name.slice(0, 64))} is no name of a header`);
    if (!VALUE.test(value))
      throw new PlatformError(
        "CONFIG_INVALID",
        `what is to be sent in the header ${name} holds characters that none takes: expected ASCII without line breaks`,
      );
  }
  return headers;
};
