import { closeSession, openSession, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { personIdOf } from '@sluice/domain';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { PersonSessions } from '../people/person-sessions.js';
import { AdminSessions } from './admin-sessions.js';

@Controller()
export class AdminSessionsController {
  constructor(
    private readonly sessions: AdminSessions,
    private readonly people: PersonSessions,
  ) {}

  @Handles(openSession)
  async open(
    @Payload() { tokenSha256, sessionSha256 }: DecodedRequestOf<typeof openSession>,
  ): Promise<ResponseOf<typeof openSession>> {
    return { session: await this.sessions.open(tokenSha256, sessionSha256) };
  }

  @Handles(closeSession)
  async close(
    @Payload() { name, sessionSha256 }: DecodedRequestOf<typeof closeSession>,
  ): Promise<ResponseOf<typeof closeSession>> {
    const person = personIdOf(name);
    await (person === undefined ? this.sessions.close(name, sessionSha256) : this.people.close(person, sessionSha256));
    return {};
  }
}
