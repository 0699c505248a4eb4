import { SluiceError } from '@sluice/domain';
import { Controller, Get, Header, Param, Res } from '@nestjs/common';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { OpenToAll } from '../http/administrator.js';
import type { Reply } from '../http/problem-filter.js';

const folder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
const typeOf: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
};

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sluice admin API</title>
<link rel="icon" href="docs/favicon-32x32.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="calls"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
`;
/** The token that is typed in lives in the page alone, and ends with it. */
const start = `SwaggerUIBundle({
  url: 'v1/openapi.json',
  dom_id: '#calls',
  deepLinking: true,
  docExpansion: 'none',
  persistAuthorization: false,
  validatorUrl: null,
});
`;
/** Its styles are written into elements; its scripts are files of ours. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** The description of the API for people, in Swagger UI. Nothing of it comes from another host. */
@Controller('docs')
@OpenToAll()
export class DocsController {
  readonly #files = new Map<string, Buffer>();

  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  @Header('content-security-policy', policy)
  @Header('x-content-type-options', 'nosniff')
  @Header('referrer-policy', 'no-referrer')
  index(): string {
    return page;
  }

  @Get('start.js')
  @Header('content-type', 'text/javascript; charset=utf-8')
  @Header('x-content-type-options', 'nosniff')
  start(): string {
    return start;
  }

  @Get(':file')
  @Header('x-content-type-options', 'nosniff')
  @Header('cache-control', 'public, max-age=86400')
  file(@Param('file') name: string, @Res({ passthrough: true }) reply: Reply): Buffer {
    const type = Object.hasOwn(typeOf, name) ? typeOf[name] : undefined;
    if (type === undefined) throw new SluiceError('not-found', `There is no ${name} here.`);
    const content = this.#files.get(name) ?? readFileSync(join(folder, name));
    this.#files.set(name, content);
    reply.header('content-type', type);
    return content;
  }
}
