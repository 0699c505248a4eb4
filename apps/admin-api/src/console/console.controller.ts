import { SluiceError } from '@sluice/domain';
import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { OpenToAll } from '../http/administrator.js';
import type { Reply } from '../http/problem-filter.js';

const typeOf: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

/** Scripts are files of ours. The components write their measures into elements, so styles may stand there. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const headers: Readonly<Record<string, string>> = {
  'content-security-policy': policy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
};

/** First segments of the addresses of its pages. */
const pages = [
  'messages',
  'decisions',
  'events',
  'certificates',
  'service-instances',
  'service-keys',
  'user-roles',
  'flows',
  'trusted-roots',
  'issuing-cas',
  'connectivity-tests',
  'approvals',
  'audit',
  'administrators',
];

interface Kept {
  readonly plain: Buffer;
  readonly brotli: Buffer | undefined;
}

interface Sent {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** The pages of the console, as they were built; every address that is one of its pages is the same document. */
@Controller()
@OpenToAll()
export class ConsoleController {
  readonly #folder = join(dirname(createRequire(import.meta.url).resolve('@sluice/console/package.json')), 'dist');
  readonly #assets: ReadonlySet<string>;
  readonly #kept = new Map<string, Kept>();

  constructor() {
    const assets = join(this.#folder, 'assets');
    this.#assets = new Set(existsSync(assets) ? readdirSync(assets) : []);
  }

  @Get('assets/:file')
  asset(@Param('file') name: string, @Req() sent: Sent, @Res({ passthrough: true }) reply: Reply): Buffer {
    const type = typeOf[extname(name)];
    // Only what was there at the start: no name leads elsewhere.
    if (type === undefined || !this.#assets.has(name)) throw new SluiceError('not-found', `There is no ${name} here.`);
    reply.header('content-type', type).header('x-content-type-options', 'nosniff');
    // Their names change with their content.
    reply.header(
      'cache-control',
      /-[\w-]{8}\.\w+$/.test(name) ? 'public, max-age=31536000, immutable' : 'public, max-age=3600',
    );
    return this.#send(join('assets', name), sent, reply);
  }

  @Get(['/', ...pages.flatMap((page) => [page, `${page}/*`])])
  page(@Req() sent: Sent, @Res({ passthrough: true }) reply: Reply): Buffer {
    if (this.#assets.size === 0) throw new SluiceError('not-found', 'The console is not built here: npm run build.');
    for (const [name, value] of Object.entries(headers)) reply.header(name, value);
    reply.header('content-type', 'text/html; charset=utf-8').header('cache-control', 'no-cache');
    return this.#send('index.html', sent, reply);
  }

  /** Compressed once, for whoever takes it so. */
  #send(file: string, sent: Sent, reply: Reply): Buffer {
    const kept = this.#kept.get(file) ?? this.#read(file);
    reply.header('vary', 'accept-encoding');
    if (!kept.brotli || !/\bbr\b/.test(String(sent.headers['accept-encoding'] ?? ''))) return kept.plain;
    reply.header('content-encoding', 'br');
    return kept.brotli;
  }

  #read(file: string): Kept {
    const plain = readFileSync(join(this.#folder, file));
    const brotli =
      plain.length < 1_024
        ? undefined
        : brotliCompressSync(plain, {
            params: { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length },
          });
    const kept = { plain, brotli };
    this.#kept.set(file, kept);
    return kept;
  }
}
