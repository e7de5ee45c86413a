/** grpc.reflection: which services there are, and what their messages look like. */
import { type DescFile, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { type ServerDuplexStream, status, type UntypedServiceImplementation } from "@grpc/grpc-js";
import { fileByName, fileOfSymbol } from "./protocol/descriptors.ts";

interface ReflectionRequest {
  readonly host?: string;
  readonly fileByFilename?: string;
  readonly fileContainingSymbol?: string;
  readonly fileContainingExtension?: unknown;
  readonly allExtensionNumbersOfType?: string;
  readonly listServices?: string;
}

type ReflectionCall = ServerDuplexStream<ReflectionRequest, Readonly<Record<string, unknown>>>;

export const createReflectionService = (services: readonly string[]): UntypedServiceImplementation => ({
  serverReflectionInfo(call: ReflectionCall) {
    call.on("data", (request: ReflectionRequest) => {
      // Reads no further until the client has taken the answer.
      const taken = call.write({
        validHost: request.host ?? "",
        originalRequest: request,
        ...answerTo(request, services),
      });
      if (taken) return;
      call.pause();
      call.once("drain", () => call.resume());
    });
    call.on("end", () => call.end());
  },
});

const answerTo = (request: ReflectionRequest, services: readonly string[]) => {
  if (request.listServices !== undefined)
    return { listServicesResponse: { service: services.map((name) => ({ name })) } };
  if (request.fileByFilename !== undefined) return filesOf(fileByName(request.fileByFilename));
  if (request.fileContainingSymbol !== undefined) return filesOf(fileOfSymbol(request.fileContainingSymbol));
  if (request.allExtensionNumbersOfType !== undefined)
    return { allExtensionNumbersResponse: { baseTypeName: request.allExtensionNumbersOfType } };
  if (request.fileContainingExtension !== undefined) return notFound("there are no extensions");
  return { errorResponse: { errorCode: status.INVALID_ARGUMENT, errorMessage: "expected a message_request" } };
};

/** The file and all that it needs, since some clients do not ask for imports. */
const filesOf = (file: DescFile | undefined) => {
  if (file === undefined) return notFound("no file here defines that");
  const files = new Set<DescFile>();
  const add = (one: DescFile): void => {
    if (files.has(one)) return;
    files.add(one);
    one.dependencies.forEach(add);
  };
  add(file);
  const bytes = [...files].map(({ proto }) =>
    Buffer.from(toBinary(FileDescriptorProtoSchema, proto)).toString("base64"),
  );
  return { fileDescriptorResponse: { fileDescriptorProto: bytes } };
};

const notFound = (errorMessage: string) => ({ errorResponse: { errorCode: status.NOT_FOUND, errorMessage } });
