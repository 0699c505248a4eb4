import { subscriberAccount, subscriberPermissions, subscriberUserPrefix } from '@sluice/contracts';
import { z } from 'zod';
import { readServerToken, signToken } from './nats-token.js';
import { isPublicKey, isSignedBy, type SigningKey } from './nkey.js';

/** What a server asks with: who it is, what was presented to it on a connection, and whom it will take the answer for. */
const question = z.object({
  iss: z.string(),
  sub: z.string(),
  aud: z.literal('nats-authorization-request'),
  nats: z.object({
    server_id: z.object({ id: z.string() }),
    user_nkey: z.string(),
    client_info: z.object({ kind: z.string(), type: z.string(), nonce: z.string().optional() }),
    connect_opts: z.object({ nkey: z.string().optional(), sig: z.string().optional(), jwt: z.string().optional() }),
  }),
});
type Question = z.output<typeof question>;

export interface KnownSubscriber {
  readonly id: string;
  readonly name: string;
}

/** Why a connection was refused; the server logs it, and the client hears nothing of it. */
export type Refusal = 'no-identity' | 'wrong-signature' | 'unknown-identity' | 'too-many-connections';

export interface AdmitSubscriberParts {
  readonly issuer: SigningKey;
  readonly sessionSeconds: number;
  readonly now: () => number;
  /** Who holds this key. Undefined for everybody that is not a subscriber now. */
  readonly find: (publicKey: string) => Promise<KnownSubscriber | undefined>;
  /** Counts a connection of this subscriber, unless it has as many as it may. */
  readonly count: (id: string) => Promise<boolean>;
}

export interface Admission {
  readonly outcome: 'admitted' | Refusal;
  /** A signed token for the server that asked. */
  readonly answer: string;
}

/**
 * Decides whether a connection that is of nobody in the configuration of NATS is a subscriber's. The server has made a nonce for that
 * connection and the client has signed it: a signature is worth nothing on another. The answer is bound to the server
 * and to a key made for this one question.
 */
export class AdmitSubscriber {
  constructor(private readonly parts: AdmitSubscriberParts) {}

  /** @returns undefined for what is no question of a server: there is nobody to answer */
  async execute(token: string): Promise<Admission | undefined> {
    const asked = question.safeParse(readServerToken(token));
    if (!asked.success || !this.#isOurs(asked.data)) return undefined;
    const known = await this.#identify(asked.data);
    if (typeof known === 'string') return this.#refuse(asked.data, known);
    if (!(await this.parts.count(known.id))) return this.#refuse(asked.data, 'too-many-connections');
    return this.#admit(asked.data, known);
  }

  #isOurs({ iss, sub, nats }: Question): boolean {
    return iss === nats.server_id.id && sub === this.parts.issuer.publicKey && isPublicKey('U', nats.user_nkey);
  }

  async #identify({ nats: { client_info: client, connect_opts: presented } }: Question) {
    if (client.kind !== 'Client' || client.type !== 'nats' || presented.jwt) return 'no-identity';
    if (!isPublicKey('U', presented.nkey) || !presented.sig || !client.nonce) return 'no-identity';
    // Clients encode it in either alphabet; Node's decoder takes both.
    const signature = Buffer.from(presented.sig, 'base64');
    if (!isSignedBy(presented.nkey, Buffer.from(client.nonce), signature)) return 'wrong-signature';
    return (await this.parts.find(presented.nkey)) ?? 'unknown-identity';
  }

  #admit(asked: Question, { id, name }: KnownSubscriber): Admission {
    const { issuer, now, sessionSeconds } = this.parts;
    const { publish, subscribe } = subscriberPermissions(name);
    const user = signToken(issuer, now(), {
      name: `${subscriberUserPrefix}${id}`,
      sub: asked.nats.user_nkey,
      aud: subscriberAccount,
      exp: Math.floor(now() / 1_000) + sessionSeconds,
      nats: {
        type: 'user',
        version: 2,
        pub: { allow: publish },
        sub: { allow: subscribe },
        // No limits of its own: servers apply those of the account, and not these, to who is let in by an answer.
        subs: -1,
        data: -1,
        payload: -1,
        allowed_connection_types: ['STANDARD'],
      },
    });
    return { outcome: 'admitted', answer: this.#answer(asked, { jwt: user }) };
  }

  #refuse(asked: Question, refusal: Refusal): Admission {
    return { outcome: refusal, answer: this.#answer(asked, { error: refusal }) };
  }

  #answer(asked: Question, said: { readonly jwt: string } | { readonly error: string }): string {
    return signToken(this.parts.issuer, this.parts.now(), {
      sub: asked.nats.user_nkey,
      aud: asked.nats.server_id.id,
      nats: { type: 'authorization_response', version: 2, ...said },
    });
  }
}
