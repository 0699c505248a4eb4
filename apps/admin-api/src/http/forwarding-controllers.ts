import { forwardedOperations, type OperationContract } from '@sluice/contracts';
import { RequestClient } from '@sluice/messaging';
import { Controller, Inject, Req, Res, type Type } from '@nestjs/common';
import { Actor } from './administrator.js';
import { answerChange, answerDeletion, answerTagged } from './answer.js';
import { readJsonBody, type IncomingRequest } from './given.js';
import type { Reply } from './problem-filter.js';
import { Serves } from './serves.js';

/**
 * A controller for each operation that is one request of the bus: what is in the path, the query, the headers and the body goes into the
 * request, with who asks; what the response is about stands at the top of the answer.
 * @param except operations that have a controller of their own
 */
export function forwardingControllers(except: readonly OperationContract[] = []): Type[] {
  return forwardedOperations.filter((operation) => !except.includes(operation)).map(forwardingController);
}

function forwardingController(contract: OperationContract): Type {
  class ForwardingController {
    constructor(readonly requests: RequestClient) {}

    async serve(request: IncomingRequest, actor: { name: string }, reply: Reply): Promise<unknown> {
      const response: Record<string, unknown> = await this.requests.call(contract, {
        ...request.given,
        ...bodyOf(request, contract),
        ...('actor' in contract.request.shape ? { actor } : {}),
      });
      return answer(reply, contract, response);
    }
  }
  Object.defineProperty(ForwardingController, 'name', { value: `${contract.http.id}Controller` });
  Inject(RequestClient)(ForwardingController, undefined, 0);
  const descriptor = Object.getOwnPropertyDescriptor(ForwardingController.prototype, 'serve');
  if (!descriptor) throw new Error('The method that serves is not there.');
  Serves(contract.http)(ForwardingController.prototype, 'serve', descriptor);
  Req()(ForwardingController.prototype, 'serve', 0);
  Actor()(ForwardingController.prototype, 'serve', 1);
  Res({ passthrough: true })(ForwardingController.prototype, 'serve', 2);
  Controller()(ForwardingController);
  return ForwardingController;
}

function bodyOf(request: IncomingRequest, { http }: OperationContract): Record<string, unknown> {
  const body = readJsonBody(request, http);
  const member = http.body?.member;
  return member === undefined ? ((body ?? {}) as Record<string, unknown>) : { [member]: body };
}

function answer(reply: Reply, { http, shows }: OperationContract, response: Record<string, unknown>): unknown {
  if (http.method === 'DELETE') return answerDeletion(reply, response);
  const { created, ...members } = answerTagged(reply, response) as Record<string, unknown>;
  const shown = shows === undefined ? members : flatten(members, shows);
  if (!('propagation' in shown)) return shown;
  const status = created === true ? 201 : http.answer.status;
  return answerChange(reply, status, shown as { propagation: 'published' | 'pending' });
}

function flatten(members: Record<string, unknown>, shows: string): Record<string, unknown> {
  const { [shows]: noun, ...beside } = members;
  return { ...(noun as Record<string, unknown>), ...beside };
}
