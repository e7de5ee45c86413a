/** Errors as gRPC has them: a code, a text, and google.rpc.Status with its details in a trailer. */
import type { JsonObject } from "@bufbuild/protobuf";
import { Metadata, type ServiceError, status } from "@grpc/grpc-js";
import type { RpcStatus } from "./grpc-gateway.ts";
import { encode, messageNamed } from "./protocol/descriptors.ts";

const STATUS = messageNamed("google.rpc.Status");
const DETAILS_KEY = "grpc-status-details-bin";
// Common clients take 8 KiB of trailers in all, where the message stands twice and base64 adds a third.
const MAX_MESSAGE_CHARACTERS = 1000;
const MAX_DETAILS_BYTES = 3072;

/** What would make the trailers longer than clients take is cut: the end of the message, violations from the last on. */
export const toServiceError = ({ status: name, message, details }: RpcStatus): Omit<ServiceError, "name"> => {
  const code = status[name as keyof typeof status] ?? status.UNKNOWN;
  const text = message.slice(0, MAX_MESSAGE_CHARACTERS);
  const metadata = new Metadata();
  metadata.set(DETAILS_KEY, encodeWithin(code, text, details));
  return { code, message: text, details: text, metadata };
};

const encodeWithin = (code: number, message: string, details: RpcStatus["details"]): Buffer => {
  const bytes = encode(STATUS, { code, message, details: details as unknown as JsonObject[] });
  if (bytes.length <= MAX_DETAILS_BYTES || details.length === 0) return bytes;
  return encodeWithin(code, message, shortened(details));
};

/** Half of the violations less, then without the last detail: what is left first says which error it is. */
const shortened = (details: RpcStatus["details"]): RpcStatus["details"] => {
  const last = details.at(-1);
  const violations = last?.["fieldViolations"];
  if (last === undefined || !Array.isArray(violations) || violations.length < 2) return details.slice(0, -1);
  return [...details.slice(0, -1), { ...last, fieldViolations: violations.slice(0, violations.length >> 1) }];
};
