import { createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { afterEach, describe, expect, it } from "vitest";
import { all, closeAll, startGrpc } from "../../test/grpc-world.ts";

afterEach(closeAll);

describe.each(["v1", "v1alpha"])("reflection %s", (version) => {
  const ask = async (requests: readonly unknown[]) => {
    const { reflection } = await startGrpc();
    const stream = reflection(version).duplex("serverReflectionInfo");
    for (const request of requests) stream.write(request);
    stream.end();
    return all(stream);
  };

  it("lists the services", async () => {
    const [answer = {}] = await ask([{ listServices: "" }]);
    const { service } = answer["listServicesResponse"] as { service: { name: string }[] };
    expect(service.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["lf.a2a.v1.A2AService", "a2a.v1.A2AService", "grpc.health.v1.Health"]),
    );
  });

  it.each(["lf.a2a.v1.A2AService", "a2a.v1.A2AService"])(
    "gives the files of %s, from which a client can be made",
    async (name) => {
      const [answer = {}] = await ask([{ fileContainingSymbol: name }]);
      const { fileDescriptorProto } = answer["fileDescriptorResponse"] as { fileDescriptorProto: string[] };
      const files = fileDescriptorProto.map((bytes) =>
        fromBinary(FileDescriptorProtoSchema, Buffer.from(bytes, "base64")),
      );
      const registry = createFileRegistry({ $typeName: FileDescriptorSetSchema.typeName, file: files.toReversed() });
      expect(registry.getService(name)?.methods.map(({ name: method }) => method)).toContain("SendStreamingMessage");
    },
  );

  it("answers by file name and by method, and says what it does not have", async () => {
    const answers = await ask([
      { fileByFilename: "google/protobuf/struct.proto" },
      { fileContainingSymbol: "lf.a2a.v1.A2AService.GetTask" },
      { fileContainingSymbol: "lf.a2a.v1.A2AService.Nothing" },
      { fileByFilename: "nothing.proto" },
      { fileContainingExtension: { containingType: "lf.a2a.v1.Task", extensionNumber: 7 } },
      { allExtensionNumbersOfType: "lf.a2a.v1.Task" },
      {},
    ]);
    const kinds = answers.map((answer) => Object.keys(answer).find((key) => /^(error|file|all)/.test(key)));
    expect(kinds).toEqual([
      "fileDescriptorResponse",
      "fileDescriptorResponse",
      "errorResponse",
      "errorResponse",
      "errorResponse",
      "allExtensionNumbersResponse",
      "errorResponse",
    ]);
  });
});
