/** The texts that reflection serves, held against what the SDK's codecs do. */
import type { DescField, DescMessage, JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { MethodDefinition, ServiceDefinition } from "@grpc/grpc-js";
import { describe, expect, it } from "vitest";
import { A2A_SERVICE, LEGACY_A2A_SERVICE } from "../../../test/sdk-services.ts";
import { decode, encode, fileOfSymbol, jsonService, messageNamed } from "./descriptors.ts";
import { parseProto } from "./parse-proto.ts";

const WELL_KNOWN: Readonly<Record<string, JsonValue>> = {
  "google.protobuf.Struct": { name: "Ada", list: [1, true] },
  "google.protobuf.Value": { any: ["value"] },
  "google.protobuf.Timestamp": "2026-01-02T03:04:05.006Z",
};

const scalar = (field: { readonly scalar?: number | undefined; readonly name: string }): JsonValue => {
  switch (field.scalar) {
    case 8:
      return true;
    case 5:
      return 3;
    case 12:
      return Buffer.from(field.name).toString("base64");
    default:
      return `some ${field.name}`;
  }
};

const one = (field: DescField, variant: number): JsonValue => {
  if (field.message !== undefined) return WELL_KNOWN[field.message.typeName] ?? sample(field.message, variant);
  if (field.enum !== undefined) return field.enum.values.at(-1)?.name ?? "";
  return scalar(field);
};

/** Every field set, of each oneof the alternative that the variant picks. */
const sample = (message: DescMessage, variant: number): JsonObject => {
  const json: JsonObject = {};
  for (const field of message.fields) {
    const { oneof } = field;
    if (oneof !== undefined && oneof.fields[variant % oneof.fields.length] !== field) continue;
    if (field.fieldKind === "list") json[field.jsonName] = [one(field, variant), one(field, variant + 1)];
    else if (field.fieldKind === "map") json[field.jsonName] = { key: one(field, variant) };
    else json[field.jsonName] = one(field, variant);
  }
  return json;
};

/** ts-proto makes every field of a message a member, set or not: so what it decodes shows what it knows. */
const compareMembers = (message: DescMessage, decoded: unknown): void => {
  const members = new Set(message.members.map(({ localName }) => localName));
  const record = decoded as Readonly<Record<string, unknown>>;
  expect(new Set(Object.keys(record)), message.typeName).toEqual(members);
  for (const field of message.fields) {
    if (field.message === undefined || field.message.typeName in WELL_KNOWN) continue;
    const held = record[field.oneof?.localName ?? field.localName];
    const values =
      field.oneof !== undefined
        ? [held as { readonly $case: string; readonly value: unknown }]
            .filter(({ $case }) => $case === field.localName)
            .map(({ value }) => value)
        : field.fieldKind === "message"
          ? [held]
          : Object.values(held as object);
    for (const value of values) compareMembers(field.message, value);
  }
};

describe.each([
  ["lf.a2a.v1.A2AService", A2A_SERVICE],
  ["a2a.v1.A2AService", LEGACY_A2A_SERVICE],
])("%s", (name, theirs) => {
  const ours = jsonService(name);
  const service = fileOfSymbol(name)?.services[0];

  it("has the SDK's methods", () => {
    const shape = (definition: ServiceDefinition) =>
      Object.values(definition)
        .map(({ path, requestStream, responseStream }) => ({ path, requestStream, responseStream }))
        .toSorted((a, b) => a.path.localeCompare(b.path));
    expect(shape(ours)).toEqual(shape(theirs));
  });

  const sides = Object.values(theirs).flatMap((method: MethodDefinition<unknown, unknown>) => {
    const described = service?.methods.find(({ name: one }) => method.path.endsWith(`/${one}`));
    if (described === undefined) throw new Error(`${method.path} is not described`);
    return [
      [described.input.typeName, method.requestSerialize, method.requestDeserialize] as const,
      [described.output.typeName, method.responseSerialize, method.responseDeserialize] as const,
    ];
  });
  const unique = [...new Map(sides.map((side) => [side[0], side])).values()];

  it.each(unique)(
    "%s is the same bytes to both, in every field and alternative",
    (typeName, serialize, deserialize) => {
      if (typeName === "google.protobuf.Empty") return expect(serialize({})).toHaveLength(0);
      const message = messageNamed(typeName);
      for (let variant = 0; variant < 5; variant += 1) {
        const json = sample(message, variant);
        const decoded = deserialize(encode(message, json));
        compareMembers(message, decoded);
        expect(decode(message, serialize(decoded))).toEqual(json);
      }
    },
  );
});

it("a text that is not of the language is refused where it goes wrong", () => {
  expect(() => parseProto("x.proto", "package x; message A { string name 1; }")).toThrow("expected =, got 1");
  expect(() => parseProto("x.proto", "package x; extend A {}")).toThrow("extend is not expected here");
});
