import { createHash } from 'node:crypto';

const styles =
  'body{font:16px/1.5 system-ui,sans-serif;color-scheme:light dark;display:grid;place-items:center;min-height:90vh;margin:0 1rem}main{max-width:34rem}h1{font-size:1.4rem}';

/** Nothing but this page and its styles. */
const policy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(styles).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

export const problemPageHeaders: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': policy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

/** What a person reads in the place of a problem document. */
export function problemPage(detail: string, requestId: string | undefined): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Not signed in – Sluice</title>
<style>${styles}</style>
</head>
<body>
<main>
<h1>You are not signed in</h1>
<p role="alert">${escaped(detail)}</p>
<p><a href="/">Back to the sign-in page</a></p>
${requestId === undefined ? '' : `<p><small>Request ${escaped(requestId)}</small></p>\n`}</main>
</body>
</html>
`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);
}
