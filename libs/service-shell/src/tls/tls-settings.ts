import { constants } from 'node:crypto';
import type { ServerOptions } from 'node:https';

/** How long a session may be resumed, in seconds; ticket keys are not used longer than that either. */
export const sessionLifetimeS = 3_600;

/**
 * TLS 1.2 and 1.3 with authenticated ciphers and fresh keys in every handshake. The cheapest of the good ones come first: AES-128-GCM
 * and X25519 (a sender that offers the post-quantum hybrid alone gets it). secp521r1 is there for senders' keys: in TLS 1.2 the curve
 * of a certificate's key must be among these (RFC 8422 section 5.1). No renegotiation: a certificate is tied to the
 * handshake that proved its key. Tickets: docs/adr/0021-session-tickets.md.
 */
export const tlsSettings = {
  minVersion: 'TLSv1.2',
  ciphers: [
    'TLS_AES_128_GCM_SHA256',
    'TLS_AES_256_GCM_SHA384',
    'TLS_CHACHA20_POLY1305_SHA256',
    'ECDHE-ECDSA-AES128-GCM-SHA256',
    'ECDHE-RSA-AES128-GCM-SHA256',
    'ECDHE-ECDSA-AES256-GCM-SHA384',
    'ECDHE-RSA-AES256-GCM-SHA384',
    'ECDHE-ECDSA-CHACHA20-POLY1305',
    'ECDHE-RSA-CHACHA20-POLY1305',
  ].join(':'),
  ecdhCurve: 'X25519:prime256v1:X25519MLKEM768:secp384r1:secp521r1',
  honorCipherOrder: true,
  ALPNProtocols: ['http/1.1'],
  secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  sessionTimeout: sessionLifetimeS,
  insecureHTTPParser: false,
  requireHostHeader: true,
} as const satisfies ServerOptions;
