import { createHash } from 'node:crypto';

/** The source of a content security policy that lets exactly this script or style in. */
export const contentHash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** The meta element that holds a page's content security policy, for pages that no server sends with headers. */
export const policyElement = (policy: string): string => `<meta http-equiv="Content-Security-Policy" content="${policy}">`;

/**
 * A whole page, light and dark by the reader's setting, fit for a phone.
 * @param page all of it HTML already; `head` is one more element of the head, `body` ends without a line feed
 */
export function htmlPage({ title, style, head, body }: { title: string; style: string; head: string; body: string }): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
${head}
<title>${title}</title>
<style>${style}</style>
</head>
<body>
${body}
</body>
</html>
`;
}
