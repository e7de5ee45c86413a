/** What a task made, as content of a tool's result. */
import type { A2ATask, Artifact, Part } from "@agentcore/contract";
import { OUTPUT_ARTIFACT_ID } from "@agentcore/core/tasks";
import type { DoorResult, ToolContent } from "@agentcore/mcp/server";

// Of one result, artifacts included; what is beyond is named, and read by its address.
const MAX_BYTES = 4 * 1024 * 1024;

export const ARTIFACT_TEMPLATE = "agentcore://tasks/{taskId}/artifacts/{artifactId}";
const ARTIFACT_URI = /^agentcore:\/\/tasks\/([^/]+)\/artifacts\/([^/]+)$/;

export const artifactUri = (taskId: string, artifactId: string): string =>
  `agentcore://tasks/${encodeURIComponent(taskId)}/artifacts/${encodeURIComponent(artifactId)}`;

/** Null for an address of something else. */
export const readArtifactUri = (uri: string): { readonly taskId: string; readonly artifactId: string } | null => {
  const parts = ARTIFACT_URI.exec(uri);
  if (parts === null) return null;
  try {
    return { taskId: decodeURIComponent(parts[1] ?? ""), artifactId: decodeURIComponent(parts[2] ?? "") };
  } catch {
    return null;
  }
};

/** The output in text, as data too where it is an object; then what else the task made. */
export const resultOf = ({
  id,
  artifacts = [],
}: Pick<A2ATask, "id" | "artifacts">): Pick<DoorResult, "content" | "structured"> => {
  const output = artifacts.find(({ artifactId }) => artifactId === OUTPUT_ARTIFACT_ID);
  const [only] = output?.parts ?? [];
  const data = output?.parts.length === 1 ? only?.data : undefined;
  const room = { left: MAX_BYTES };
  const content = [
    ...(output?.parts ?? []).flatMap((part) => blocksOf(part, artifactUri(id, OUTPUT_ARTIFACT_ID), room)),
    ...artifacts.filter((artifact) => artifact !== output).flatMap((artifact) => artifactBlocks(id, artifact, room)),
  ];
  return { content, ...(isObject(data) ? { structured: data } : {}) };
};

/** For `resources/read`. */
export const contentsOf = (uri: string, { parts }: Artifact) =>
  parts.map(({ text, raw, url, data, mediaType }) => {
    const type = mediaType === undefined ? {} : { mimeType: mediaType };
    if (raw !== undefined) return { uri, ...type, blob: raw };
    if (data !== undefined) return { uri, mimeType: mediaType ?? "application/json", text: JSON.stringify(data) };
    return { uri, ...type, text: text ?? url ?? "" };
  });

const artifactBlocks = (taskId: string, artifact: Artifact, room: { left: number }): readonly ToolContent[] => {
  const uri = artifactUri(taskId, artifact.artifactId);
  const name = artifact.name ?? artifact.artifactId;
  const description = artifact.description === undefined ? {} : { description: artifact.description };
  const link: ToolContent = { type: "resource_link", uri, name, ...description };
  const bytes = Buffer.byteLength(JSON.stringify(artifact.parts));
  if (bytes > room.left) return [link];
  room.left -= bytes;
  return artifact.parts.flatMap((part): readonly ToolContent[] => {
    const media = mediaBlock(part);
    if (media !== null) return [media];
    if (part.url !== undefined) return [{ type: "resource_link", uri: part.url, name, ...description }];
    return contentsOf(uri, { ...artifact, parts: [part] }).map((resource) => ({ type: "resource" as const, resource }));
  });
};

const blocksOf = (part: Part, uri: string, room: { left: number }): readonly ToolContent[] => {
  const bytes = Buffer.byteLength(JSON.stringify(part));
  if (bytes > room.left) return [{ type: "resource_link", uri, name: "output" }];
  room.left -= bytes;
  if (part.text !== undefined) return [{ type: "text", text: part.text }];
  if (part.data !== undefined) return part.data === null ? [] : [{ type: "text", text: JSON.stringify(part.data) }];
  if (part.url !== undefined) return [{ type: "resource_link", uri: part.url, name: part.filename ?? "output" }];
  const media = mediaBlock(part);
  if (media !== null) return [media];
  const type = part.mediaType === undefined ? {} : { mimeType: part.mediaType };
  return [{ type: "resource", resource: { uri, ...type, blob: part.raw ?? "" } }];
};

const mediaBlock = ({ raw, mediaType = "" }: Part): ToolContent | null => {
  if (raw === undefined) return null;
  if (mediaType.startsWith("image/")) return { type: "image", data: raw, mimeType: mediaType };
  if (mediaType.startsWith("audio/")) return { type: "audio", data: raw, mimeType: mediaType };
  return null;
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
