/**
 * The part of proto3's language that the texts beside this file use, as the descriptors that reflection serves: messages and
 * enums (also nested), oneof, map, optional, repeated, services. No options, comments, reserved ranges or groups.
 */
import { create } from "@bufbuild/protobuf";
import {
  type DescriptorProto,
  DescriptorProtoSchema,
  type EnumDescriptorProto,
  EnumDescriptorProtoSchema,
  type FieldDescriptorProto,
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FieldDescriptorProtoSchema,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  type ServiceDescriptorProto,
  ServiceDescriptorProtoSchema,
} from "@bufbuild/protobuf/wkt";

const SCALARS: Readonly<Record<string, FieldDescriptorProto_Type>> = {
  string: FieldDescriptorProto_Type.STRING,
  bytes: FieldDescriptorProto_Type.BYTES,
  bool: FieldDescriptorProto_Type.BOOL,
  int32: FieldDescriptorProto_Type.INT32,
};

/** `name` is the file's path as others import it. Throws SyntaxError. */
export const parseProto = (name: string, text: string): FileDescriptorProto => {
  const tokens = text.match(/"[^"]*"|[\w.]+|[^\s]/g) ?? [];
  let at = 0;
  const peek = () => tokens[at] ?? "";
  const take = () => tokens[at++] ?? "";
  const expect = (wanted: string): void => {
    const got = take();
    if (got !== wanted) throw new SyntaxError(`${name}, token ${at}: expected ${wanted}, got ${got || "the end"}`);
  };
  const accept = (wanted: string): boolean => {
    if (peek() !== wanted) return false;
    at += 1;
    return true;
  };

  let scope = "";
  const enums = new Set(Array.from(text.matchAll(/\benum (\w+)/g), ([, found = ""]) => found));
  /** Full names of what is nested, by the name that the text uses. */
  const nested = new Map<string, string>();
  const typeName = (type: string) => `.${type.includes(".") ? type : (nested.get(type) ?? `${scope}.${type}`)}`;

  const setType = (field: FieldDescriptorProto, type: string): void => {
    const scalar = SCALARS[type];
    field.type = scalar ?? (enums.has(type) ? FieldDescriptorProto_Type.ENUM : FieldDescriptorProto_Type.MESSAGE);
    if (scalar === undefined) field.typeName = typeName(type);
  };

  const newField = (fieldName: string, number: number, type: string): FieldDescriptorProto => {
    const field = create(FieldDescriptorProtoSchema, {
      name: fieldName,
      number,
      jsonName: camelCase(fieldName),
      label: FieldDescriptorProto_Label.OPTIONAL,
    });
    setType(field, type);
    return field;
  };

  /** `TYPE NAME = NUMBER;` */
  const parseField = (): FieldDescriptorProto => {
    const type = take();
    const fieldName = take();
    expect("=");
    const field = newField(fieldName, Number(take()), type);
    expect(";");
    return field;
  };

  /** A map is a repeated message of key and value. */
  const parseMap = (message: DescriptorProto, path: string): void => {
    expect("<");
    const key = take();
    expect(",");
    const value = take();
    expect(">");
    const fieldName = take();
    expect("=");
    const number = Number(take());
    expect(";");
    const camel = camelCase(fieldName);
    const entry = `${camel[0]?.toUpperCase()}${camel.slice(1)}Entry`;
    message.nestedType.push(
      create(DescriptorProtoSchema, {
        name: entry,
        field: [newField("key", 1, key), newField("value", 2, value)],
        options: { mapEntry: true },
      }),
    );
    const field = newField(fieldName, number, `${path}.${entry}`);
    field.label = FieldDescriptorProto_Label.REPEATED;
    message.field.push(field);
  };

  const parseEnum = (): EnumDescriptorProto => {
    const found = create(EnumDescriptorProtoSchema, { name: take() });
    expect("{");
    while (!accept("}")) {
      const valueName = take();
      expect("=");
      found.value.push({
        $typeName: "google.protobuf.EnumValueDescriptorProto",
        name: valueName,
        number: Number(take()),
      });
      expect(";");
    }
    return found;
  };

  const parseMessage = (outer: string): DescriptorProto => {
    const message = create(DescriptorProtoSchema, { name: take() });
    const path = `${outer}.${message.name}`;
    const optional: FieldDescriptorProto[] = [];
    expect("{");
    while (!accept("}")) {
      if (accept("message")) {
        nested.set(peek(), `${path}.${peek()}`);
        message.nestedType.push(parseMessage(path));
      } else if (accept("enum")) {
        nested.set(peek(), `${path}.${peek()}`);
        message.enumType.push(parseEnum());
      } else if (accept("map")) {
        parseMap(message, path);
      } else if (accept("oneof")) {
        const oneofIndex = message.oneofDecl.length;
        message.oneofDecl.push({ $typeName: "google.protobuf.OneofDescriptorProto", name: take() });
        expect("{");
        while (!accept("}")) message.field.push(Object.assign(parseField(), { oneofIndex }));
      } else if (accept("repeated")) {
        message.field.push(Object.assign(parseField(), { label: FieldDescriptorProto_Label.REPEATED }));
      } else if (accept("optional")) {
        const field = parseField();
        optional.push(field);
        message.field.push(field);
      } else {
        message.field.push(parseField());
      }
    }
    // proto3 writes an optional field as the only one of a oneof, and these oneofs come last.
    for (const field of optional) {
      Object.assign(field, { proto3Optional: true, oneofIndex: message.oneofDecl.length });
      message.oneofDecl.push({ $typeName: "google.protobuf.OneofDescriptorProto", name: `_${field.name}` });
    }
    return message;
  };

  /** `(TYPE)` or `(stream TYPE)` */
  const parseSide = (): { readonly type: string; readonly stream: boolean } => {
    expect("(");
    const stream = accept("stream");
    const type = typeName(take());
    expect(")");
    return { type, stream };
  };

  const parseService = (): ServiceDescriptorProto => {
    const service = create(ServiceDescriptorProtoSchema, { name: take() });
    expect("{");
    while (!accept("}")) {
      expect("rpc");
      const methodName = take();
      const input = parseSide();
      expect("returns");
      const output = parseSide();
      expect(";");
      service.method.push({
        $typeName: "google.protobuf.MethodDescriptorProto",
        name: methodName,
        inputType: input.type,
        outputType: output.type,
        clientStreaming: input.stream,
        serverStreaming: output.stream,
      });
    }
    return service;
  };

  const file = create(FileDescriptorProtoSchema, { name, syntax: "proto3" });
  while (at < tokens.length) {
    const word = take();
    if (word === "package") {
      scope = take();
      file.package = scope;
      expect(";");
    } else if (word === "import") {
      file.dependency.push(take().slice(1, -1));
      expect(";");
    } else if (word === "message") file.messageType.push(parseMessage(scope));
    else if (word === "enum") file.enumType.push(parseEnum());
    else if (word === "service") file.service.push(parseService());
    else throw new SyntaxError(`${name}, token ${at}: ${word} is not expected here`);
  }
  return file;
};

const camelCase = (snake: string): string => snake.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
