/** The same request in the spellings that ProtoJSON has for it, by what the proto file says of its fields. */
import type { messageNamed } from "../../../a2a/src/grpc/protocol/descriptors.ts";
import type { Json } from "./legacy-shapes.ts";

type MessageType = ReturnType<typeof messageNamed>;
type Field = MessageType["fields"][number];

/** What is left out as null; what is left out and has no presence as its default; enums, integers and bytes in their other forms. */
export const SPELLINGS = ["nulls", "defaults", "other forms"] as const;
export type Spelling = (typeof SPELLINGS)[number];

/** Takes the name of a message in package lf.a2a.v1, and one of it. */
export const createSpeller = async (spelling: Spelling): Promise<(message: string, value: Json) => Json> => {
  const descriptors = await import("../../../a2a/src/grpc/protocol/descriptors.ts");
  return (message, value) => respelled(descriptors.messageNamed(`lf.a2a.v1.${message}`), value, spelling);
};

const respelled = (message: MessageType, value: Json, spelling: Spelling): Json => {
  const members = message.fields.map((field) => {
    const given = value[field.jsonName];
    return [field.jsonName, given === undefined ? leftOut(field, spelling) : present(field, given, spelling)];
  });
  return Object.fromEntries(members.filter(([, member]) => member !== undefined));
};

const leftOut = (field: Field, spelling: Spelling): Json => {
  // Of a Value null is a value.
  if (spelling === "nulls") return field.message?.typeName === "google.protobuf.Value" ? undefined : null;
  if (spelling === "other forms" || field.presence === EXPLICIT) return undefined;
  if (field.fieldKind === "list") return [];
  if (field.fieldKind === "enum") return field.enum.values[0]?.name;
  return field.fieldKind === "scalar" ? DEFAULTS[field.scalar] : undefined;
};

const present = (field: Field, value: Json, spelling: Spelling): Json => {
  if (Array.isArray(value)) return value.map((each) => present(field, each, spelling));
  if (field.message !== undefined)
    return field.message.typeName.startsWith("google.") ? value : respelled(field.message, value, spelling);
  if (spelling !== "other forms") return value;
  if (field.fieldKind === "enum") return field.enum.values.find(({ name }) => name === value)?.number;
  if (field.fieldKind !== "scalar") return value;
  if (field.scalar === BYTES) return Buffer.from(value, "base64").toString("base64url");
  return field.scalar === INT32 ? String(value) : value;
};

// As descriptor.proto numbers them.
const EXPLICIT = 1;
const INT32 = 5;
const BYTES = 12;
const DEFAULTS: Readonly<Record<number, Json>> = { [INT32]: 0, 8: false, 9: "" };
