/** What keeps a node from starting, in terms of the options that change it. */
import { PlatformError } from "@agentcore/contract/errors";
import { failure } from "../failure.ts";

/** `error` itself when no option would help. */
export const explainStart = (
  error: unknown,
  options: { readonly host: string; readonly port: number; readonly grpcPort?: number | undefined },
): unknown => {
  const { host } = options;
  const isGrpc =
    PlatformError.is(error) && options.grpcPort !== undefined && error.details?.["port"] === options.grpcPort;
  const port = isGrpc ? (options.grpcPort ?? 0) : options.port;
  const option = isGrpc ? "--grpc-port" : "--port";
  if (PlatformError.is(error) && error.details?.["dataDirectory"] !== undefined)
    return failure(error.code, error.message, "Give another folder with --data or AGENTCORE_DATA.", error);
  switch (systemCode(error)) {
    case "EADDRINUSE":
      return failure(
        "CONFIG_INVALID",
        `port ${port} on ${host} is taken (EADDRINUSE)`,
        `Stop what listens there, or give another port with ${option} or AGENTCORE_${isGrpc ? "GRPC_" : ""}PORT.`,
        error,
      );
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return failure(
        "CONFIG_INVALID",
        `this machine has no address ${host}`,
        "Give one of its own with --host, for example 127.0.0.1.",
        error,
      );
    case "EACCES":
      return port > 0 && port < 1024
        ? failure(
            "CONFIG_INVALID",
            `this user may not listen on port ${port} (EACCES)`,
            `Give a port of 1024 or more with ${option}.`,
            error,
          )
        : error;
    default:
      return error;
  }
};

/** The operating system's code, also when the error was wrapped. */
const systemCode = (error: unknown): string | undefined => {
  for (let current: unknown = error; current instanceof Error; current = current.cause) {
    if (!PlatformError.is(current) && "code" in current && typeof current.code === "string") return current.code;
  }
  return undefined;
};
