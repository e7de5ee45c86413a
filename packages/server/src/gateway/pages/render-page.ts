/** A page for people: plain HTML without scripts or anything from elsewhere. */
import { createHash } from "node:crypto";
import { textResponse } from "../http/responses.ts";
import { type Html, html } from "./html.ts";

export interface PageOptions {
  /** @default 200 */
  readonly status?: number | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Its form may lead elsewhere in the end. @default it has none */
  readonly hasForm?: boolean | undefined;
}

const STYLE =
  "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c1c1c;background:#fff}" +
  "h1{font-size:1.6rem}h2{font-size:1.1rem;margin-top:2rem}table{border-collapse:collapse;width:100%}" +
  "th,td{text-align:left;vertical-align:top;padding:.3rem 1rem .3rem 0;border-bottom:1px solid #ddd}" +
  "code{font-family:ui-monospace,monospace;background:#f3f3f3;padding:.1rem .3rem}" +
  "@media(prefers-color-scheme:dark){body{color:#e6e6e6;background:#161616}code{background:#2a2a2a}th,td{border-color:#444}a{color:#8ab4f8}}";
// The style is allowed by its hash; nothing else is, from nowhere. Where a form leads, a browser follows only as far as `form-action` lets it.
const POLICY = `default-src 'none'; style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'; base-uri 'none'; frame-ancestors 'none'`;

export const renderPage = (
  title: string,
  body: Html,
  { status = 200, headers = {}, hasForm = false }: PageOptions = {},
): Response => {
  const document = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${{ ...html``, text: STYLE }}</style>
</head>
<body>
${body}
</body>
</html>
`;
  return textResponse(document.text, "text/html; charset=utf-8", status, {
    ...headers,
    "content-security-policy": hasForm ? POLICY : `${POLICY}; form-action 'none'`,
  });
};
