import { authenticationViolation } from '@sluice/domain';
import type { FlowProblem, FlowWarning } from '../../error/flow-errors.js';
import type { ProcessDirectSender, SenderAuthorization, SenderChannel } from '../../model/channel-definition.js';
import { checkAddress } from '../../model/check-address.js';
import { checkAuthorization } from '../../model/check-authorization.js';
import type { NativeSender } from './flow-format.js';
import type { ReportProblem } from './report-problem.js';

export const DEFAULT_ROLE = 'ESBMessaging.send';
export const DEFAULT_BODY_SIZE_MB = 40;

/** What every flow with this authorization is told when it is deployed. */
export const CLIENT_CERTIFICATE_WARNING = {
  code: 'client-certificate-authorization',
  message:
    'Authorization by client certificate compares subject and issuer DN, not the certificate, and a renewed certificate with other DNs needs the flow deployed again. A user role needs neither.',
} as const;

/** What every flow that takes a secret with each call is told when it is deployed. */
export const BASIC_AUTHENTICATION_WARNING = {
  code: 'basic-authentication',
  message:
    'The channel takes the id and secret of a client with each call (Basic): whoever reads one call can make all others. It is meant for tests; a certificate or an access token shows less.',
} as const;

/** Where what is wrong with a sender goes. */
export interface SenderReports {
  readonly problems: FlowProblem[];
  readonly warnings: FlowWarning[];
  readonly problem: ReportProblem;
}

/** @returns the channel a flow is called by, for its process */
export function buildSender(sender: NativeSender, process: string, report: SenderReports): SenderChannel {
  const base = { id: 'sender', name: sender.name ?? sender.adapter, process };
  if (sender.adapter === 'Timer')
    return {
      ...base,
      adapter: 'Timer',
      schedule:
        sender.cron === undefined
          ? { kind: 'once' }
          : { kind: 'cron', expression: sender.cron, timeZone: sender.timeZone ?? 'UTC' },
    };
  const wrong = checkAddress(sender.address);
  if (wrong !== null)
    report.problems.push({
      path: 'sender.address',
      code: 'invalid-address',
      message: `${wrong} ("${sender.address}")`,
    });
  if (sender.adapter === 'ProcessDirect')
    return { ...base, adapter: 'ProcessDirect', address: sender.address } satisfies ProcessDirectSender;
  const authorization = authorizationOf(sender.authorization, report);
  const { authentication } = sender;
  const violation = authenticationViolation({ authorization, ...(authentication ? { authentication } : {}) });
  if (violation !== undefined) report.problem('sender.authentication', violation);
  if (authentication?.includes('basic'))
    report.warnings.push({ ...BASIC_AUTHENTICATION_WARNING, path: 'sender.authentication' });
  const settings = {
    ...base,
    address: sender.address,
    authorization,
    ...(authentication === undefined ? {} : { authentication }),
    maximumBodySizeMb: sender.maximumBodySizeMb ?? DEFAULT_BODY_SIZE_MB,
    allowedHeaders: sender.allowedHeaders ?? ['*'],
    ...(sender.maximumConcurrency === undefined ? {} : { maximumConcurrency: sender.maximumConcurrency }),
    ...(sender.maximumQueued === undefined ? {} : { maximumQueued: sender.maximumQueued }),
    csrfProtection: sender.csrfProtection ?? false,
    returnExceptionToSender: sender.returnExceptionToSender ?? false,
  };
  if (sender.adapter === 'SOAP')
    return { ...settings, adapter: 'SOAP', messageExchangePattern: sender.messageExchangePattern ?? 'RequestReply' };
  return { ...settings, adapter: sender.adapter };
}

function authorizationOf(
  authorization: Exclude<NativeSender, { adapter: 'ProcessDirect' | 'Timer' }>['authorization'],
  report: SenderReports,
): SenderAuthorization {
  if (authorization === undefined) return { type: 'UserRole', role: DEFAULT_ROLE };
  const read: SenderAuthorization =
    authorization.type === 'UserRole'
      ? { type: 'UserRole', role: authorization.role ?? DEFAULT_ROLE }
      : { type: 'ClientCertificate', certificates: authorization.certificates };
  for (const { path, message } of checkAuthorization(read)) report.problem(`sender.authorization.${path}`, message);
  if (read.type === 'UserRole') return read;
  report.warnings.push({ ...CLIENT_CERTIFICATE_WARNING, path: 'sender.authorization' });
  return read;
}
