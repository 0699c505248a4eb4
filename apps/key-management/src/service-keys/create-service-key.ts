import {
  serviceKeyParameters,
  type Credentials,
  type GivenServiceKeyParameters,
  type ServiceKeyParameters,
} from '@sluice/contracts';
import { invalidArgument, SluiceError } from '@sluice/domain';
import { violatedUniqueConstraint } from '@sluice/persistence';
import type { Certificate } from '@sluice/pki';
import { type ChangeScope, PublishedChanges, CLOCK } from '@sluice/service-shell';
import { randomUUID } from 'node:crypto';
import { CertificateAuthority } from '../issuing-cas/certificate-authority.js';
import { toCredentials, toEventCertificate, toEventServiceKey } from './service-key.view.js';
import { addFirstIssued, addPinnedCredential } from './add-credential.js';
import { addUnpinnedKey } from './add-unpinned-key.js';
import { addClientSecret } from '../client-secrets/add-client-secret.js';
import type { ClientSecretRow } from '../client-secrets/client-secret.entity.js';
import { hashSecret, makeSecret } from '../client-secrets/hash-secret.js';
import { readCertificationRequest, requireUnusedPublicKey } from './read-certification-request.js';
import type { CertificateWarning } from './certificate-warning.js';
import { judgeExternalCertificate, readExternalCertificate } from './read-external-certificate.js';
import { makeSenderKeyPair, senderSubject } from './sender-key-pair.js';
import { ServiceKeyRow } from './service-key.entity.js';
import type { CredentialRow } from './credential.entity.js';
import type { ServiceInstanceRow } from '../service-instances/service-instance.entity.js';
import { findServiceInstance } from '../service-instances/find-service-instance.js';
import { Inject, Injectable } from '@nestjs/common';
import { CallAddresses } from './call-addresses.js';

const defaultRsaKeyLength = 2048;

export interface CreatedServiceKey {
  readonly key: ServiceKeyRow;
  readonly held: readonly CredentialRow[];
  readonly secrets: readonly ClientSecretRow[];
  readonly credentials: Credentials;
  /** Of an external certificate. */
  readonly warnings?: readonly CertificateWarning[];
}

/** What is made before the transaction: key pairs and hashes take time that no row lock should. */
type Prepared = (change: ChangeScope, key: ServiceKeyRow, instance: ServiceInstanceRow) => Promise<CreatedServiceKey>;

@Injectable()
export class CreateServiceKey {
  constructor(
    private readonly changes: PublishedChanges,
    private readonly authority: CertificateAuthority,
    private readonly addresses: CallAddresses,
    @Inject(CLOCK) private readonly now: () => number,
  ) {}

  /** @throws SluiceError `not-found`, `invalid-argument`, `name-in-use`, `certificate-in-use`, `certificate-refused`, `distinguished-name-conflict`, `public-key-in-use` */
  async execute(request: {
    serviceInstanceId: string;
    name: string;
    parameters?: GivenServiceKeyParameters | undefined;
    actor: string;
  }) {
    const parameters = toParameters(request.parameters ?? serviceKeyParameters.parse({}));
    const fill = await this.#prepare(parameters);
    const now = new Date(this.now());
    const key: ServiceKeyRow = {
      id: randomUUID(),
      serviceInstanceId: request.serviceInstanceId,
      name: request.name,
      keyType: parameters['key-type'],
      parameters,
      status: 'active',
      secretHash: null,
      createdAt: now,
      updatedAt: now,
    };
    try {
      return await this.changes.commit(async (change) => {
        const instance = await findServiceInstance(change.manager, request.serviceInstanceId, 'share');
        requireClientCredentials(instance, parameters);
        const created = await fill(change, { ...key }, instance);
        const [held] = created.held;
        change.event('service-key.created', key.id, {
          actor: request.actor,
          serviceKey: toEventServiceKey(created.key),
          ...(held ? { certificate: toEventCertificate(held) } : {}),
        });
        return created;
      });
    } catch (error) {
      if (violatedUniqueConstraint(error) === 'service_key_name') {
        throw new SluiceError(
          'name-in-use',
          `The service instance has a service key named ${key.name} already.`,
          undefined,
          { cause: error },
        );
      }
      throw error;
    }
  }

  async #prepare(parameters: ServiceKeyParameters): Promise<Prepared> {
    switch (parameters['key-type']) {
      case 'client_secret': {
        const secret = makeSecret();
        const hash = await hashSecret(secret);
        return async (change, key, instance) => {
          await change.manager.insert(ServiceKeyRow, key);
          const row = await addClientSecret(change, key, hash, this.now());
          return {
            key,
            held: [],
            secrets: [row],
            credentials: toCredentials({ key, secret, url: this.addresses.of(instance.plan) }),
          };
        };
      }
      case 'certificate': {
        const pair = await makeSenderKeyPair(parameters);
        return async (change, key, instance) => {
          await change.manager.insert(ServiceKeyRow, key);
          const issued = await this.authority.issue(change.manager, {
            subject: senderSubject(key, instance),
            publicKey: pair.publicKey,
            validityDays: parameters.validity,
          });
          const held = await addFirstIssued(change, key, issued.certificate, issued.issuedBy, this.now());
          const credentials = toCredentials({
            key,
            held,
            chain: issued.chain,
            privateKeyPem: pair.privateKeyPem,
            url: this.addresses.of(instance.plan),
          });
          return { key, held: [held], secrets: [], credentials };
        };
      }
      case 'certificate_request': {
        const requested = readCertificationRequest(parameters['certificate-request'], 'parameters.certificate-request');
        return async (change, key, instance) => {
          await requireUnusedPublicKey(change, requested.publicKeySha256);
          await change.manager.insert(ServiceKeyRow, key);
          const issued = await this.authority.issue(change.manager, {
            subject: senderSubject(key, instance, requested.commonName),
            publicKey: requested.publicKey,
            validityDays: parameters.validity,
          });
          const held = await addFirstIssued(change, key, issued.certificate, issued.issuedBy, this.now());
          return {
            key,
            held: [held],
            secrets: [],
            credentials: toCredentials({ key, held, chain: issued.chain, url: this.addresses.of(instance.plan) }),
          };
        };
      }
      case 'certificate_external': {
        const certificate: Certificate = readExternalCertificate(parameters['X.509']);
        return async (change, key, instance) => {
          const warnings = await judgeExternalCertificate(change.manager, certificate, this.now());
          await change.manager.insert(ServiceKeyRow, key);
          const held = parameters['pin-certificate']
            ? await addPinnedCredential(change, key, certificate, null, this.now())
            : await addUnpinnedKey(change, key, certificate, this.now());
          return {
            key,
            held: [held],
            secrets: [],
            credentials: toCredentials({ key, held, chain: [certificate], url: this.addresses.of(instance.plan) }),
            warnings,
          };
        };
      }
    }
  }
}

/** With what was left out. */
function toParameters(given: GivenServiceKeyParameters): ServiceKeyParameters {
  switch (given['key-type']) {
    case undefined:
    case 'certificate':
      return {
        'key-type': 'certificate',
        validity: given.validity,
        'key-algorithm': given['key-algorithm'],
        ...(given['key-algorithm'] === 'RSA' ? { 'key-length': given['key-length'] ?? defaultRsaKeyLength } : {}),
      };
    default:
      return given;
  }
}

/** behaviours: the certificate types need the grant type `client_credentials` on the instance. */
function requireClientCredentials(instance: ServiceInstanceRow, parameters: ServiceKeyParameters): void {
  if (parameters['key-type'] === 'client_secret' || instance.parameters['grant-types'].includes('client_credentials'))
    return;
  throw invalidArgument([
    {
      field: 'parameters.key-type',
      message: `keys of type ${parameters['key-type']} need the grant type client_credentials on the service instance ${instance.name}`,
    },
  ]);
}
