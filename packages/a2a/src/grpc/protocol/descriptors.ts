/** Everything that is spoken on the gRPC port, as descriptors: for reflection, and as codecs where the SDK has none. */
import {
  create,
  createFileRegistry,
  type DescFile,
  type DescMessage,
  fromBinary,
  fromJson,
  type JsonObject,
  type JsonValue,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import {
  type Any,
  AnySchema,
  FileDescriptorSetSchema,
  file_google_protobuf_any,
  file_google_protobuf_duration,
  file_google_protobuf_empty,
  file_google_protobuf_struct,
  file_google_protobuf_timestamp,
} from "@bufbuild/protobuf/wkt";
import type { ServiceDefinition } from "@grpc/grpc-js";
import { A2A_0_3_PROTO } from "./a2a-0-3.ts";
import { A2A_1_0_PROTO } from "./a2a-1-0.ts";
import { HEALTH_PROTO, REFLECTION_VERSIONS, RPC_STATUS_PROTO, reflectionProto } from "./grpc-services.ts";
import { parseProto } from "./parse-proto.ts";

const WELL_KNOWN: readonly DescFile[] = [
  file_google_protobuf_any,
  file_google_protobuf_duration,
  file_google_protobuf_empty,
  file_google_protobuf_struct,
  file_google_protobuf_timestamp,
];

// A file comes after those that it imports.
const registry = createFileRegistry(
  create(FileDescriptorSetSchema, {
    file: [
      ...WELL_KNOWN.map(({ proto }) => proto),
      parseProto("google/rpc/status.proto", RPC_STATUS_PROTO),
      parseProto("lf/a2a/v1/a2a.proto", A2A_1_0_PROTO),
      parseProto("a2a/v1/a2a.proto", A2A_0_3_PROTO),
      parseProto("grpc/health/v1/health.proto", HEALTH_PROTO),
      ...REFLECTION_VERSIONS.map((version) =>
        parseProto(`grpc/reflection/${version}/reflection.proto`, reflectionProto(version)),
      ),
    ],
  }),
);

/** Undefined when no file defines it. `symbol` is a message, enum, service, or `SERVICE.METHOD`. */
export const fileOfSymbol = (symbol: string): DescFile | undefined => {
  const found = registry.get(symbol) ?? registry.getService(symbol.slice(0, Math.max(0, symbol.lastIndexOf("."))));
  if (found === undefined || found.kind !== "service" || found.typeName === symbol) return found?.file;
  return found.methods.some(({ name }) => `${found.typeName}.${name}` === symbol) ? found.file : undefined;
};

export const fileByName = (name: string): DescFile | undefined => registry.getFile(name);

/** Throws TypeError for a name that no file defines. */
export const messageNamed = (name: string): DescMessage => {
  const found = registry.getMessage(name);
  if (found === undefined) throw new TypeError(`there is no message ${name}`);
  return found;
};

/** ProtoJSON to bytes. Throws what does not fit the message. */
export const encode = (message: DescMessage, json: JsonValue): Buffer =>
  Buffer.from(toBinary(message, fromJson(message, json, { registry })));

export const decode = (message: DescMessage, bytes: Uint8Array): JsonObject =>
  toJson(message, fromBinary(message, bytes), { registry }) as JsonObject;

/** Details of a google.rpc.Status, each with its `@type`, which is all there is of one that is not known here. Of other bytes: nothing. */
export const decodeStatusDetails = (bytes: Uint8Array): readonly JsonObject[] => {
  const known = (detail: Any): JsonObject => {
    try {
      return toJson(AnySchema, detail, { registry }) as JsonObject;
    } catch {
      return { "@type": detail.typeUrl };
    }
  };
  try {
    const { details } = fromBinary(messageNamed("google.rpc.Status"), bytes) as { readonly details?: unknown };
    return Array.isArray(details) ? details.map((detail) => known(detail as Any)) : [];
  } catch {
    return [];
  }
};

/** A service whose handlers take and give ProtoJSON. Throws TypeError for a name that no file defines. */
export const jsonService = (name: string): ServiceDefinition => {
  const service = registry.getService(name);
  if (service === undefined) throw new TypeError(`there is no service ${name}`);
  return Object.fromEntries(
    service.methods.map(({ name: method, localName, input, output, proto }) => [
      localName,
      {
        path: `/${name}/${method}`,
        requestStream: proto.clientStreaming,
        responseStream: proto.serverStreaming,
        requestSerialize: (json: JsonValue) => encode(input, json),
        requestDeserialize: (bytes: Buffer) => decode(input, bytes),
        responseSerialize: (json: JsonValue) => encode(output, json),
        responseDeserialize: (bytes: Buffer) => decode(output, bytes),
      },
    ]),
  );
};
