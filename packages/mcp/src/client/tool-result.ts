/** What a tool of a server gives, as JSON for a task. */
import { PlatformError } from "@agentcore/contract";
import type { CallToolResult, ContentBlock } from "@modelcontextprotocol/client";

/** What is not text alone: pictures, sounds, documents. */
export interface ToolFile {
  readonly mediaType?: string;
  readonly uri?: string;
  readonly name?: string;
  readonly text?: string;
  /** Base64. */
  readonly bytes?: string;
}

/**
 * Text alone is a text; data, where the server gives some, is what it says once more in text, and given alone; else `{ text, files }`. Throws
 * UPSTREAM_FAILED for what the tool itself says went wrong, with its words, and TOO_LARGE.
 */
export const readToolResult = (tool: string, result: CallToolResult, maxBytes: number): unknown => {
  const { content, structuredContent } = result;
  const text = content.flatMap((block) => (block.type === "text" ? [block.text] : [])).join("\n");
  if (result.isError === true)
    throw new PlatformError("UPSTREAM_FAILED", bounded(text, 4096) || `${tool} failed, and does not say why`, {
      retryable: false,
    });
  const files = content.flatMap(fileOf);
  const value =
    files.length > 0
      ? { ...(structuredContent === undefined ? { text } : { data: structuredContent }), files }
      : structuredContent === undefined
        ? text
        : structuredContent;
  const bytes = Buffer.byteLength(JSON.stringify(value) ?? "");
  if (bytes <= maxBytes) return value;
  throw new PlatformError(
    "UPSTREAM_FAILED",
    `the result of ${tool} has ${bytes} bytes, ${maxBytes} are allowed (maxResultBytes); ask for less`,
    { retryable: false },
  );
};

const fileOf = (block: ContentBlock): readonly ToolFile[] => {
  switch (block.type) {
    case "text":
      return [];
    case "image":
    case "audio":
      return [{ mediaType: block.mimeType, bytes: block.data }];
    case "resource": {
      const { resource } = block;
      return [
        {
          uri: resource.uri,
          ...(resource.mimeType === undefined ? {} : { mediaType: resource.mimeType }),
          ...("text" in resource ? { text: resource.text } : { bytes: resource.blob }),
        },
      ];
    }
    case "resource_link":
      return [
        {
          ...{ uri: block.uri, name: block.name },
          ...(block.mimeType === undefined ? {} : { mediaType: block.mimeType }),
        },
      ];
  }
};

const bounded = (text: string, length: number): string => (text.length <= length ? text : `${text.slice(0, length)}…`);
