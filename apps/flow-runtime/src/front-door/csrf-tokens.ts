import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

export const csrfHeader = 'x-csrf-token';

const validForMs = 30 * 60_000;
const expiryLength = 6;
const macLength = 24;

/** Methods that change nothing (RFC 9110 §9.2.1): they need no token, and a token is fetched by them. */
const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** What a protected channel makes of a request. */
export type CsrfVerdict = { readonly allowed: true } | { readonly allowed: false } | { readonly token: string };

/**
 * CSRF protection of HTTPS sender channels, as senders know it: a token is fetched by `x-csrf-token: fetch` and sent with
 * every request that changes something. A browser with a client certificate sends that unasked, but not this header. No
 * state is kept: a token is its expiry and a MAC over that, the flow and the caller. Every runtime has the key.
 */
export class CsrfTokens {
  readonly #key: Uint8Array;

  /** @param secret that all runtimes share and nobody else has @param now milliseconds since 1970 */
  constructor(
    secret: Uint8Array,
    private readonly now: () => number,
  ) {
    this.#key = new Uint8Array(hkdfSync('sha256', secret, '', 'sluice csrf token v1', 32));
  }

  /** @param given the header as it came @param caller its certificate, or service key: the same to every runtime */
  judge(method: string, given: string | undefined, flowId: string, caller: string): CsrfVerdict {
    if (safeMethods.has(method)) {
      return given?.toLowerCase() === 'fetch' ? { token: this.#issue(flowId, caller) } : { allowed: true };
    }
    return { allowed: given !== undefined && this.#holds(given, flowId, caller) };
  }

  #issue(flowId: string, caller: string): string {
    const expiry = Buffer.alloc(expiryLength);
    expiry.writeUIntBE(this.now() + validForMs, 0, expiryLength);
    return Buffer.concat([expiry, this.#mac(expiry, flowId, caller)]).toString('base64url');
  }

  #holds(token: string, flowId: string, caller: string): boolean {
    const bytes = Buffer.from(token, 'base64url');
    if (bytes.length !== expiryLength + macLength) return false;
    const expiry = bytes.subarray(0, expiryLength);
    if (!timingSafeEqual(bytes.subarray(expiryLength), this.#mac(expiry, flowId, caller))) return false;
    return expiry.readUIntBE(0, expiryLength) > this.now();
  }

  #mac(expiry: Buffer, flowId: string, caller: string): Buffer {
    return createHmac('sha256', this.#key).update(expiry).update(`${caller} ${flowId}`).digest().subarray(0, macLength);
  }
}
